import type { Hash } from "node:crypto";
import { type Digest, type DigestAlgorithm, finishHash, newHash } from "../digest.ts";
import { RegistryError } from "../errors.ts";
import type { RepositoryName } from "../names.ts";
import type { BegunAttempt, Fence, RegistryPorts, UploadAttempt, UploadContent } from "../ports/index.ts";
import { uploadUnknown, wrongOffset } from "./upload-errors.ts";

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
  readonly hash: Hash | undefined;
  readonly attempt: UploadAttempt;
  /** The client's failure, when it hung up: what came until then is whole and may be kept. */
  readonly interrupted: unknown;
}

type Ports = Pick<RegistryPorts, "uploads" | "storage" | "hashes" | "clock" | "limits">;

/** Streams a body to storage and hashes it on the way. On any failure but the client's own nothing is kept. */
export async function receive(
  ports: Ports,
  name: RepositoryName,
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
      fence: fenceOf(ports, name, begun),
    })
    .catch(async (error: unknown) => {
      await giveUp(ports, begun, attemptKey, undefined);
      throw error;
    });
  const hash =
    begun.size === 0
      ? newHash(algorithm)
      : algorithm === begun.algorithm
        ? ports.hashes.resume(begun.id, begun.size)
        : undefined;
  try {
    const { size, interrupted } = await pour(body, begun.size, ports.limits.blobSizeMax, hash, attempt);
    const unchanged = size === begun.size && algorithm === begun.algorithm ? begun.digest : undefined;
    const digest = hash === undefined ? unchanged : finishHash(algorithm, hash.copy());
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
  hash: Hash | undefined,
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
    if (size > max) throw tooLarge(max);
    hash?.update(next.value);
    await attempt.write(next.value);
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
  return new RegistryError("SIZE_INVALID", `a blob has at most ${max} bytes`, { status: 413 });
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
    .release(begun.id, begun.version, [attemptKey], ports.clock.now())
    .catch(() => undefined);
}

/** The fence of an attempt; see {@link Fence}. */
export function fenceOf(
  ports: Pick<RegistryPorts, "uploads" | "clock">,
  name: RepositoryName,
  begun: BegunAttempt,
): Fence {
  return {
    firstPart: begun.firstPart,
    async reserve(part) {
      if (!(await ports.uploads.reserve(begun.id, begun.version, part, ports.clock.now()))) {
        throw await fenced(ports, name, begun);
      }
    },
  };
}

/** What the loser of a session sees: 416 with what the session holds now, or 404 when it is gone. */
export async function fenced(
  ports: Pick<RegistryPorts, "uploads">,
  name: RepositoryName,
  session: {
    readonly id: string;
    readonly repositoryId: BegunAttempt["repositoryId"];
    readonly principal: string;
  },
): Promise<RegistryError> {
  const now = await ports.uploads.find(session);
  if (now === undefined) return uploadUnknown(session.id);
  return wrongOffset(name, session.id, now.size, "another request has taken this upload session over");
}

/** Makes a received body durable and the session's content. @throws RegistryError when fenced */
export async function confirmBody(
  ports: Ports,
  name: RepositoryName,
  begun: BegunAttempt,
  attemptKey: string,
  received: ReceivedBody,
): Promise<UploadContent> {
  let finished: Awaited<ReturnType<UploadAttempt["finish"]>>;
  try {
    finished = await received.attempt.finish();
  } catch (error) {
    await giveUp(ports, begun, attemptKey, received.attempt);
    throw error;
  }
  const digest = received.algorithm === begun.algorithm ? received.digest : undefined;
  const confirmed = await ports.uploads.confirm(begun.id, begun.version, {
    content: finished.content,
    digest,
    garbage: finished.garbage,
    at: ports.clock.now(),
  });
  if (!confirmed) throw await fenced(ports, name, begun);
  if (received.hash !== undefined && received.algorithm === begun.algorithm) {
    ports.hashes.keep(begun.id, { size: received.size, hash: received.hash });
  }
  return finished.content;
}
