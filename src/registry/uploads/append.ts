import type { ChunkRange } from "../byte-range.ts";
import type { RepositoryName } from "../names.ts";
import type { RegistryPorts, UploadAddress, UploadSession } from "../ports/index.ts";
import { newObjectKey } from "./object-key.ts";
import { confirmBody, receive } from "./receive.ts";
import { uploadUnknown, wrongOffset } from "./upload-errors.ts";

/** One PATCH. */
export interface Append {
  readonly name: RepositoryName;
  readonly address: UploadAddress;
  readonly chunks: AsyncIterable<Buffer>;
  readonly range: ChunkRange | undefined;
}

/**
 * Adds a request's bytes to a session, streamed or as a chunk in order (distribution-spec end-5). Durable when it
 * resolves. A client that hangs up while streaming leaves what came, to be continued.
 * Two requests on one session may meet: the later one wins, the other is fenced off and sees 416 with the true range.
 * @returns the session's size
 */
export async function appendToUpload(ports: RegistryPorts, request: Append): Promise<number> {
  const { address, name, range } = request;
  const key = newObjectKey();
  const begun = await ports.uploads.begin(address, {
    key,
    ...(range === undefined ? {} : { expectedSize: range.start }),
    at: ports.clock.now(),
  });
  if (begun === undefined) throw await refusal(ports, name, address, range);
  const received = await receive(ports, name, begun, key, begun.algorithm, {
    chunks: request.chunks,
    length: range === undefined ? undefined : range.end - range.start + 1,
  });
  await confirmBody(ports, name, begun, key, received);
  if (received.interrupted !== undefined) throw received.interrupted;
  return received.size;
}

/** Why a session could not begin an attempt. */
export async function refusal(
  ports: Pick<RegistryPorts, "uploads">,
  name: RepositoryName,
  address: UploadAddress,
  range: ChunkRange | undefined,
): Promise<Error> {
  const session: UploadSession | undefined = await ports.uploads.find(address);
  if (session === undefined) return uploadUnknown(address.id);
  return wrongOffset(
    name,
    address.id,
    session.size,
    `a chunk that starts at ${range?.start} is out of order`,
  );
}
