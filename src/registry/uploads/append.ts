import type { ChunkRange } from "../byte-range.ts";
import type { RegistryPorts, UploadAddress } from "../ports/index.ts";
import { Attempt } from "./attempt.ts";
import { findSession } from "./find-session.ts";
import { newObjectKey } from "./object-key.ts";
import { wrongOffset } from "./upload-errors.ts";

/** One PATCH. */
export interface Append {
  readonly address: UploadAddress;
  readonly chunks: AsyncIterable<Buffer>;
  readonly range: ChunkRange | undefined;
}

/**
 * Adds a request's bytes to a session, streamed or as a chunk in order (distribution-spec end-5). Durable when it
 * resolves. A client that hangs up while streaming leaves what came, to be continued.
 * Two requests on one session may meet: the later one wins, the other is fenced off and sees 416 with the true range.
 * @returns the session's size
 * @throws RegistryError NAME_UNKNOWN, BLOB_UPLOAD_UNKNOWN, RANGE_INVALID, SIZE_INVALID
 */
export async function appendToUpload(ports: RegistryPorts, request: Append): Promise<number> {
  const { address, range } = request;
  const attempt = await beginAttempt(ports, address, range);
  try {
    const length = range === undefined ? undefined : range.end - range.start + 1;
    const received = await attempt.receive({ chunks: request.chunks, length });
    await attempt.confirm(received, await attempt.finish());
    if (received.interrupted !== undefined) throw received.interrupted;
    return received.size;
  } finally {
    attempt.release();
  }
}

/** Begins to write to a session: with the attempt that this process opened it with, or with a new one. */
export async function beginAttempt(
  ports: RegistryPorts,
  address: UploadAddress,
  range: ChunkRange | undefined,
): Promise<Attempt> {
  const at = ports.clock.now();
  const isFirst = range === undefined || range.start === 0;
  const opened = isFirst ? ports.knownUploads.takeOpened(address, at) : undefined;
  if (opened !== undefined) return new Attempt(ports, address, opened);
  // Before it does: from then on nothing that was known may be acted upon.
  ports.knownUploads.noteBegun(address.id);
  const key = newObjectKey();
  const expected = range === undefined ? {} : { expectedSize: range.start };
  const begun = await ports.uploads.begin(address, { key, ...expected, at });
  if (begun === undefined) throw await refusal(ports, address, range);
  return new Attempt(ports, address, { begun, key });
}

/** Why a session could not begin an attempt. */
export async function refusal(
  ports: Pick<RegistryPorts, "uploads">,
  address: UploadAddress,
  range: ChunkRange | undefined,
): Promise<Error> {
  const { size } = await findSession(ports, address);
  return wrongOffset(address, size, `a chunk that starts at ${range?.start} is out of order`);
}
