import type { ChunkRange } from "../byte-range.ts";
import { type Digest, digestAlgorithm } from "../digest.ts";
import type { RepositoryName } from "../names.ts";
import type {
  BegunAttempt,
  RegistryPorts,
  UploadAddress,
  UploadContent,
  UploadSession,
} from "../ports/index.ts";
import { refusal } from "./append.ts";
import { hashObject } from "./hash-object.ts";
import { newObjectKey } from "./object-key.ts";
import { confirmBody, fenced, fenceOf, giveUp, receive } from "./receive.ts";
import { digestMismatch, uploadUnknown } from "./upload-errors.ts";

/** One closing PUT (distribution-spec end-6). */
export interface Complete {
  readonly name: RepositoryName;
  readonly address: UploadAddress;
  readonly digest: Digest;
  /** Absent when the request carries no bytes. */
  readonly chunks: AsyncIterable<Buffer> | undefined;
  readonly range: ChunkRange | undefined;
}

/** Content that is durable and known to the session's row, of which only the row of the blob is missing. */
interface Confirmed {
  readonly size: number;
  readonly digest: Digest | undefined;
  readonly content: UploadContent;
}

/**
 * Ends a session: verifies the digest and makes the content a blob of the repository. Nothing is visible before, and
 * all of it is durable after. With a wrong digest the session stays as it was before the request.
 * @throws RegistryError DIGEST_INVALID, RANGE_INVALID, BLOB_UPLOAD_UNKNOWN, NAME_UNKNOWN
 */
export async function completeUpload(ports: RegistryPorts, request: Complete): Promise<void> {
  const session = await ports.uploads.find(request.address);
  if (session === undefined) throw uploadUnknown(request.address.id);
  if (request.range !== undefined && request.range.start !== session.size) {
    throw await refusal(ports, request.name, request.address, request.range);
  }
  if (request.chunks === undefined && isReady(ports, session, request.digest)) {
    const fence = fenceOf(ports, request.name, { ...session, takeover: false, firstPart: 1 });
    const { key, garbage } = await ports.storage.complete(session.content, fence);
    await commit(ports, request, session, session.size, key, garbage);
    return;
  }
  await completeByAttempt(ports, request);
}

/** The usual case: everything came by PATCH, and the row knows its digest already. */
function isReady(
  ports: RegistryPorts,
  session: UploadSession,
  digest: Digest,
): session is UploadSession & { readonly content: UploadContent } {
  return (
    !session.writing &&
    session.content !== undefined &&
    session.digest === digest &&
    ports.storage.isComplete(session.content)
  );
}

async function completeByAttempt(ports: RegistryPorts, request: Complete): Promise<void> {
  const key = newObjectKey();
  const begun = await ports.uploads.begin(request.address, {
    key,
    ...(request.range === undefined ? {} : { expectedSize: request.range.start }),
    at: ports.clock.now(),
  });
  if (begun === undefined) throw await refusal(ports, request.name, request.address, request.range);
  await finishAttempt(ports, request, begun, key);
}

/** Takes an attempt that has begun through its body to the blob. */
export async function finishAttempt(
  ports: RegistryPorts,
  request: Complete,
  begun: BegunAttempt,
  key: string,
): Promise<void> {
  const confirmed = await receiveLast(ports, request, begun, key);
  const { content, digest } = confirmed;
  if (digest !== undefined && digest !== request.digest && sameAlgorithm(digest, request.digest)) {
    throw digestMismatch(request.digest, digest);
  }
  const completed = await ports.storage.complete(content, fenceOf(ports, request.name, begun));
  if (digest !== request.digest) {
    ports.hashes.readBack++;
    const found = await hashObject(
      ports.storage,
      completed.key,
      confirmed.size,
      digestAlgorithm(request.digest),
    );
    if (found !== request.digest) {
      // The object is whole now: nothing can be appended to it, so the session ends here.
      await ports.uploads.cancel(request.address, ports.clock.now());
      throw digestMismatch(request.digest, found);
    }
  }
  await commit(ports, request, begun, confirmed.size, completed.key, completed.garbage);
}

/** Receives the last bytes, refusing a wrong digest before they become the session's. */
async function receiveLast(
  ports: RegistryPorts,
  request: Complete,
  begun: BegunAttempt,
  key: string,
): Promise<Confirmed> {
  if (request.chunks === undefined && begun.content !== undefined && !begun.takeover) {
    await ports.uploads.confirm(begun.id, begun.version, {
      content: begun.content,
      digest: begun.digest,
      garbage: [],
      at: ports.clock.now(),
    });
    return { size: begun.size, digest: begun.digest, content: begun.content };
  }
  const algorithm = begun.size === 0 ? digestAlgorithm(request.digest) : begun.algorithm;
  const received = await receive(ports, request.name, begun, key, algorithm, {
    chunks: request.chunks ?? nothing(),
    length: request.range === undefined ? undefined : request.range.end - request.range.start + 1,
  });
  if (received.interrupted !== undefined) {
    await confirmBody(ports, request.name, begun, key, received);
    throw received.interrupted;
  }
  const { digest } = received;
  if (digest !== undefined && digest !== request.digest && sameAlgorithm(digest, request.digest)) {
    await giveUp(ports, begun, key, received.attempt);
    throw digestMismatch(request.digest, digest);
  }
  const content = await confirmBody(ports, request.name, begun, key, received);
  return { size: received.size, digest, content };
}

async function commit(
  ports: RegistryPorts,
  request: Complete,
  session: UploadSession,
  size: number,
  key: string,
  garbage: readonly string[],
): Promise<void> {
  const { id, version, repositoryId, registryId } = session;
  const { digest } = request;
  const at = ports.clock.now();
  const committed = await ports.uploads.commit({
    ...{ id, version, repositoryId, registryId },
    ...{ digest, size, key, garbage, at },
  });
  if (!committed) throw await fenced(ports, request.name, request.address);
  ports.hashes.forget(id);
}

function sameAlgorithm(a: Digest, b: Digest): boolean {
  return digestAlgorithm(a) === digestAlgorithm(b);
}

async function* nothing(): AsyncIterable<Buffer> {}
