import type { Cause } from "../../audit/cause.ts";
import type { ChunkRange } from "../byte-range.ts";
import { type Digest, digestAlgorithm } from "../digest.ts";
import { RegistryError } from "../errors.ts";
import type {
  BegunAttempt,
  RegistryPorts,
  UploadAddress,
  UploadContent,
  UploadSession,
} from "../ports/index.ts";
import { beginAttempt, refusal } from "./append.ts";
import { findSession } from "./find-session.ts";
import { hashObject } from "./hash-object.ts";
import type { Attempt } from "./known-uploads.ts";
import {
  confirmBody,
  confirmFinished,
  fenced,
  fenceOf,
  finishBody,
  giveUp,
  giveWay,
  type ReceivedBody,
  receive,
} from "./receive.ts";
import { digestMismatch } from "./upload-errors.ts";

/** One closing PUT (distribution-spec end-6). */
export interface Complete {
  readonly address: UploadAddress;
  readonly digest: Digest;
  /** Absent when the request carries no bytes. */
  readonly chunks: AsyncIterable<Buffer> | undefined;
  readonly range: ChunkRange | undefined;
  /** Why the repository gets the blob. */
  readonly cause: Cause;
}

/** Content that is durable and known to the session's row, of which only the row of the blob is missing. */
interface Confirmed {
  readonly size: number;
  readonly digest: Digest | undefined;
  readonly content: UploadContent;
}

/** A whole object, ready to become a blob. */
interface Completed {
  readonly size: number;
  readonly key: string;
  readonly garbage: readonly string[];
}

/**
 * Ends a session: verifies the digest and makes the content a blob of the repository. Nothing is visible before, and
 * all of it is durable after. With a wrong digest the session stays as it was before the request.
 * @throws RegistryError DIGEST_INVALID, RANGE_INVALID, BLOB_UPLOAD_UNKNOWN, NAME_UNKNOWN
 */
export async function completeUpload(ports: RegistryPorts, request: Complete): Promise<void> {
  const { address, digest, chunks, range } = request;
  if (chunks !== undefined) return completeByAttempt(ports, request);
  if (range === undefined && (await completeKnown(ports, request))) return;
  const session = await findSession(ports, address);
  if (range !== undefined && range.start !== session.size) throw await refusal(ports, address, range);
  if (!isReady(ports, session, digest)) return completeByAttempt(ports, request);
  if (!(await completeReady(ports, session, request))) throw await fenced(ports, address);
}

/** By what this process remembers of the session. False when it does not, or when somebody else has gone on since. */
async function completeKnown(ports: RegistryPorts, request: Complete): Promise<boolean> {
  const session = ports.knownUploads.confirmed(request.address);
  if (session === undefined || !isReady(ports, session, request.digest)) return false;
  try {
    return await completeReady(ports, session, request);
  } catch (error) {
    // Another repository may have its name by now: the look-up tells.
    if (error instanceof RegistryError && error.reason === "NAME_UNKNOWN") return false;
    throw error;
  }
}

type ReadySession = UploadSession & { readonly content: UploadContent };

/** False when another attempt has begun since, or the session is gone. */
async function completeReady(
  ports: RegistryPorts,
  session: ReadySession,
  request: Complete,
): Promise<boolean> {
  const fence = fenceOf(ports, request.address, { ...session, takeover: false, firstPart: 1 });
  const completed = await ports.storage.complete(session.content, fence);
  return commit(ports, session, request, { size: session.size, ...completed });
}

/** The usual case: everything came by PATCH, and the row knows its digest already. */
function isReady(ports: RegistryPorts, session: UploadSession, digest: Digest): session is ReadySession {
  return (
    !session.writing &&
    session.content !== undefined &&
    session.digest === digest &&
    ports.storage.isComplete(session.content)
  );
}

async function completeByAttempt(ports: RegistryPorts, request: Complete): Promise<void> {
  await finishAttempt(ports, request, await beginAttempt(ports, request.address, request.range));
}

/** Takes an attempt that has begun through its body to the blob. */
export async function finishAttempt(
  ports: RegistryPorts,
  request: Complete,
  { begun, key }: Attempt,
): Promise<void> {
  if (request.chunks === undefined && begun.content !== undefined && !begun.takeover) {
    const { size, digest, content } = begun;
    const confirmation = { content, digest, garbage: [], at: ports.clock.now() };
    if (!(await ports.uploads.confirm(begun.id, begun.version, confirmation))) {
      throw await fenced(ports, request.address);
    }
    return completeConfirmed(ports, request, begun, { size, digest, content });
  }
  const received = await receiveLast(ports, request, begun, key);
  const finished = await finishBody(ports, begun, key, received);
  const { size, digest } = received;
  if (digest === request.digest && ports.storage.isComplete(finished.content)) {
    // The usual case: the session need not learn what it holds, since it ends now.
    const completed = await ports.storage.complete(finished.content, fenceOf(ports, request.address, begun));
    const garbage = [...finished.garbage, ...completed.garbage];
    if (await commit(ports, begun, request, { size, key: completed.key, garbage })) return;
    throw await giveWay(ports, request.address, key);
  }
  const content = await confirmFinished(ports, request.address, begun, key, { received, finished });
  await completeConfirmed(ports, request, begun, { size, digest, content });
}

/** Receives the last bytes, refusing a wrong digest before they become the session's. */
async function receiveLast(
  ports: RegistryPorts,
  request: Complete,
  begun: BegunAttempt,
  key: string,
): Promise<ReceivedBody> {
  const { address, range } = request;
  const algorithm = begun.size === 0 ? digestAlgorithm(request.digest) : begun.algorithm;
  const received = await receive(ports, address, begun, key, algorithm, {
    chunks: request.chunks ?? nothing(),
    length: range === undefined ? undefined : range.end - range.start + 1,
  });
  if (received.interrupted !== undefined) {
    await confirmBody(ports, address, begun, key, received);
    throw received.interrupted;
  }
  const { digest } = received;
  if (digest !== undefined && digest !== request.digest && sameAlgorithm(digest, request.digest)) {
    await giveUp(ports, begun, key, received.attempt);
    throw digestMismatch(request.digest, digest);
  }
  return received;
}

async function completeConfirmed(
  ports: RegistryPorts,
  request: Complete,
  begun: BegunAttempt,
  { size, digest, content }: Confirmed,
): Promise<void> {
  const { address, digest: wanted } = request;
  if (digest !== undefined && digest !== wanted && sameAlgorithm(digest, wanted)) {
    throw digestMismatch(wanted, digest);
  }
  const completed = await ports.storage.complete(content, fenceOf(ports, address, begun));
  if (digest !== wanted) {
    ports.knownUploads.readBack++;
    const found = await hashObject(ports, completed.key, size, digestAlgorithm(wanted));
    if (found !== wanted) {
      // The object is whole now: nothing can be appended to it, so the session ends here, unless somebody took it over.
      await ports.uploads.cancel(address, ports.clock.now(), begun.version);
      throw digestMismatch(wanted, found);
    }
  }
  if (!(await commit(ports, begun, request, { size, ...completed }))) throw await fenced(ports, address);
}

/** False when a later attempt has fenced this one off, or the session is gone. */
async function commit(
  ports: RegistryPorts,
  { id, version, repositoryId, registryId }: UploadSession,
  { digest, cause }: Complete,
  { size, key, garbage }: Completed,
): Promise<boolean> {
  const at = ports.clock.now();
  const session = { id, version, repositoryId, registryId };
  const committed = await ports.uploads.commit({ ...session, digest, size, key, garbage, cause, at });
  ports.knownUploads.forget(id);
  return committed;
}

function sameAlgorithm(a: Digest, b: Digest): boolean {
  return digestAlgorithm(a) === digestAlgorithm(b);
}

async function* nothing(): AsyncIterable<Buffer> {}
