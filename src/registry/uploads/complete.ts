import type { Cause } from "../../audit/cause.ts";
import type { ChunkRange } from "../byte-range.ts";
import { type Digest, digestAlgorithm } from "../digest.ts";
import { RegistryError } from "../errors.ts";
import type { RegistryPorts, UploadAddress, UploadContent, UploadSession } from "../ports/index.ts";
import { beginAttempt, refusal } from "./append.ts";
import type { Attempt, Received } from "./attempt.ts";
import { fenced, fenceOf } from "./fenced.ts";
import { findSession } from "./find-session.ts";
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
  const fence = fenceOf(ports, request.address, { ...session, firstPart: 1 });
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
  attempt: Attempt,
): Promise<void> {
  try {
    const { size, digest, content, takeover } = attempt.begun;
    if (request.chunks === undefined && content !== undefined && !takeover) {
      await attempt.confirmUnchanged(content);
      await completeConfirmed(ports, request, attempt, { size, digest, content });
    } else await completeBody(ports, request, attempt);
  } finally {
    attempt.release();
  }
}

async function completeBody(ports: RegistryPorts, request: Complete, attempt: Attempt): Promise<void> {
  const received = await receiveLast(request, attempt);
  const finished = await attempt.finish();
  const { size, digest } = received;
  if (digest === request.digest && ports.storage.isComplete(finished.content)) {
    // The usual case: the session need not learn what it holds, since it ends now.
    const completed = await attempt.complete(finished.content);
    const garbage = [...finished.garbage, ...completed.garbage];
    if (await commit(ports, attempt.begun, request, { size, key: completed.key, garbage })) return;
    throw await attempt.giveWay();
  }
  const content = await attempt.confirm(received, finished);
  await completeConfirmed(ports, request, attempt, { size, digest, content });
}

/** Receives the last bytes, refusing a wrong digest before they become the session's. */
async function receiveLast(request: Complete, attempt: Attempt): Promise<Received> {
  const { range } = request;
  const body = {
    chunks: request.chunks ?? nothing(),
    length: range === undefined ? undefined : range.end - range.start + 1,
  };
  const received = await attempt.receive(body, digestAlgorithm(request.digest));
  if (received.interrupted !== undefined) {
    await attempt.confirm(received, await attempt.finish());
    throw received.interrupted;
  }
  const { digest } = received;
  if (digest !== undefined && digest !== request.digest && sameAlgorithm(digest, request.digest)) {
    await attempt.giveUp();
    throw digestMismatch(request.digest, digest);
  }
  return received;
}

async function completeConfirmed(
  ports: RegistryPorts,
  request: Complete,
  attempt: Attempt,
  { size, digest, content }: Confirmed,
): Promise<void> {
  const { address, digest: wanted } = request;
  if (digest !== undefined && digest !== wanted && sameAlgorithm(digest, wanted)) {
    throw digestMismatch(wanted, digest);
  }
  const completed = await attempt.complete(content);
  if (digest !== wanted) {
    ports.knownUploads.readBack++;
    const found = await attempt.hashBack(completed.key, size, digestAlgorithm(wanted));
    if (found !== wanted) {
      // The object is whole now: nothing can be appended to it, so the session ends here, unless somebody took it over.
      await ports.uploads.cancel(address, ports.clock.now(), attempt.begun.version);
      ports.knownUploads.forget(address.id);
      throw digestMismatch(wanted, found);
    }
  }
  if (!(await commit(ports, attempt.begun, request, { size, ...completed })))
    throw await fenced(ports, address);
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
