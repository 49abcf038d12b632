import type { Digest, DigestAlgorithm } from "../digest.ts";
import { RegistryError } from "../errors.ts";
import type {
  BegunAttempt,
  Fence,
  FinishedAttempt,
  RegistryPorts,
  RunningHash,
  UploadAddress,
  UploadAttempt,
  UploadContent,
} from "../ports/index.ts";
import { findSession } from "./find-session.ts";
import { wrongOffset } from "./upload-errors.ts";

/** A request's body. */
export interface UploadBody {
  /** Chunks in order; throws when the client hangs up. */
  readonly chunks: AsyncIterable<Buffer>;
  /** Bytes that must come, when the request says so by `Content-Range`. */
  readonly length: number | undefined;
}

/** A body that has been written to storage but not been confirmed yet. */
export interface ReceivedBody {
  readonly size: number;
  /** Digest of everything up to `size`, when the bytes before this body were hashed here or there were none. */
  readonly digest: Digest | undefined;
  readonly algorithm: DigestAlgorithm;
  readonly hash: RunningHash | undefined;
  readonly attempt: UploadAttempt;
  /** The client's failure, when it hung up: what came until then is whole and may be kept. */
  readonly interrupted: unknown;
}

type Ports = Pick<RegistryPorts, "uploads" | "storage" | "hashing" | "knownUploads" | "clock" | "limits">;

/**
 * Streams a body to storage and hashes it on the way, under the session's algorithm once it has content. On any failure
 * but the client's own nothing is kept.
 */
export async function receive(
  ports: Ports,
  address: UploadAddress,
  begun: BegunAttempt,
  attemptKey: string,
  algorithm: DigestAlgorithm,
  body: UploadBody,
): Promise<ReceivedBody> {
  const attempt = await ports.storage
    .begin({
      content: begun.content,
      attemptKey,
      takeover: begun.takeover,
      fence: fenceOf(ports, address, begun),
    })
    .catch(async (error: unknown) => {
      await giveUp(ports, begun, attemptKey, undefined);
      throw error;
    });
  const hash = begun.size === 0 ? ports.hashing.start(algorithm) : ports.knownUploads.resumeHash(begun);
  try {
    const { size, interrupted } = await pour(body, begun.size, ports.limits.blobSizeMax, hash, attempt);
    const unchanged = size === begun.size ? begun.digest : undefined;
    const digest = hash === undefined ? unchanged : await hash.digest();
    return { size, digest, algorithm, hash, attempt, interrupted };
  } catch (error) {
    await giveUp(ports, begun, attemptKey, attempt);
    throw error;
  }
}

async function pour(
  body: UploadBody,
  offset: number,
  max: number,
  hash: RunningHash | undefined,
  attempt: UploadAttempt,
): Promise<{ size: number; interrupted: unknown }> {
  let size = offset;
  const source = body.chunks[Symbol.asyncIterator]();
  for (;;) {
    let next: IteratorResult<Buffer>;
    try {
      next = await source.next();
    } catch (interrupted) {
      // What a client left behind of a chunk with a declared range is no chunk.
      if (body.length !== undefined) throw interrupted;
      return { size, interrupted };
    }
    if (next.done === true) break;
    size += next.value.length;
    try {
      if (size > max) throw tooLarge(max);
      const hashed = hash?.update(next.value);
      if (hashed !== undefined) await hashed;
      await attempt.write(next.value);
    } catch (error) {
      // Lets go of the body: its sender gets to read the answer only if somebody takes the rest.
      await source.return?.();
      throw error;
    }
  }
  if (body.length !== undefined && size - offset !== body.length) {
    throw new RegistryError(
      "SIZE_INVALID",
      `Content-Range announces ${body.length} bytes, ${size - offset} came`,
    );
  }
  return { size, interrupted: undefined };
}

function tooLarge(max: number): RegistryError {
  return new RegistryError("BLOB_TOO_LARGE", `a blob has at most ${max} bytes`);
}

/** Leaves the session as it was before the attempt. What the attempt wrote is queued for deletion. */
export async function giveUp(
  ports: Pick<RegistryPorts, "uploads" | "clock">,
  begun: BegunAttempt,
  attemptKey: string,
  attempt: UploadAttempt | undefined,
): Promise<void> {
  await attempt?.abort();
  // Best effort: where it fails the session keeps the attempt's key, and the next attempt or expiry queues it.
  await ports.uploads
    .release(begun.id, begun.version, {
      takeover: begun.takeover,
      garbage: [attemptKey],
      at: ports.clock.now(),
    })
    .catch(() => undefined);
}

/** The fence of an attempt; see {@link Fence}. */
export function fenceOf(
  ports: Pick<RegistryPorts, "uploads" | "clock">,
  address: UploadAddress,
  begun: BegunAttempt,
): Fence {
  return {
    firstPart: begun.firstPart,
    async reserve(part) {
      if (!(await ports.uploads.reserve(begun.id, begun.version, part, ports.clock.now()))) {
        throw await fenced(ports, address);
      }
    },
  };
}

/** What the loser of a session sees: 416 with what the session holds now, or 404 when it is gone. */
export async function fenced(
  ports: Pick<RegistryPorts, "uploads">,
  address: UploadAddress,
): Promise<RegistryError> {
  const { size } = await findSession(ports, address);
  return wrongOffset(address.name, address.id, size, "another request has taken this upload session over");
}

/** What a fenced attempt does: it may be slower than the grace of its key, whose deletion the later one has queued. */
export async function giveWay(
  ports: Pick<RegistryPorts, "uploads" | "storage">,
  address: UploadAddress,
  attemptKey: string,
): Promise<RegistryError> {
  await ports.storage.delete(attemptKey).catch(() => undefined);
  return fenced(ports, address);
}

/** Makes a received body durable. The session does not know it yet. */
export async function finishBody(
  ports: Ports,
  begun: BegunAttempt,
  attemptKey: string,
  { attempt }: ReceivedBody,
): Promise<FinishedAttempt> {
  try {
    return await attempt.finish();
  } catch (error) {
    await giveUp(ports, begun, attemptKey, attempt);
    throw error;
  }
}

/** Makes a finished body the session's content. @throws RegistryError when fenced */
export async function confirmFinished(
  ports: Ports,
  address: UploadAddress,
  begun: BegunAttempt,
  attemptKey: string,
  { received, finished }: { readonly received: ReceivedBody; readonly finished: FinishedAttempt },
): Promise<UploadContent> {
  const { content, garbage } = finished;
  const isOwnHash = received.algorithm === begun.algorithm;
  const digest = isOwnHash ? received.digest : undefined;
  const confirmation = { content, digest, garbage, at: ports.clock.now() };
  if (!(await ports.uploads.confirm(begun.id, begun.version, confirmation))) {
    throw await giveWay(ports, address, attemptKey);
  }
  const { id, repositoryId, registryId, principal, algorithm, version } = begun;
  const session = {
    ...{ id, repositoryId, registryId, principal, algorithm, version },
    ...{ size: received.size, digest, content, writing: false },
  };
  ports.knownUploads.noteConfirmed(address, session, {
    hash: isOwnHash ? received.hash : undefined,
    isReady: digest !== undefined && ports.storage.isComplete(content),
  });
  return content;
}

/** Makes a received body durable and the session's content. @throws RegistryError when fenced */
export async function confirmBody(
  ports: Ports,
  address: UploadAddress,
  begun: BegunAttempt,
  attemptKey: string,
  received: ReceivedBody,
): Promise<UploadContent> {
  const finished = await finishBody(ports, begun, attemptKey, received);
  return confirmFinished(ports, address, begun, attemptKey, { received, finished });
}
