import type { Cause } from "../../audit/cause.ts";
import type { ChunkRange } from "../byte-range.ts";
import { type Digest, digestAlgorithm } from "../digest.ts";
import { RegistryError } from "../errors.ts";
import type {
  CompletedObject,
  RegistryPorts,
  UploadAddress,
  UploadCommit,
  UploadContent,
  UploadSession,
} from "../ports/index.ts";
import { beginAttempt, refusal } from "./append.ts";
import type { Attempt, Received } from "./attempt.ts";
import { fenced, fenceOf } from "./fenced.ts";
import { findSession } from "./find-session.ts";
import { digestMismatch } from "./upload-errors.ts";

/** What ends a session, such as one closing PUT (distribution-spec end-6). */
export interface Complete {
  readonly address: UploadAddress;
  /** By which the blob is known. */
  readonly digest: Digest;
  /** More digests that the content must have. */
  readonly alsoDigests?: readonly Digest[];
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
type Completed = Pick<CompletedObject, "key" | "garbage"> & { readonly size: number };

/** Whether the repository had the blob before. */
export type Completion = Exclude<UploadCommit, "fenced">;

/**
 * Ends a session: verifies the digest and makes the content a blob of the repository. Nothing is visible before, and
 * all of it is durable after. With a wrong digest the session keeps what it held before the request. One that the same
 * session has brought already is fine: the answer to an earlier request may have been lost.
 * @throws RegistryError DIGEST_MISMATCH, RANGE_INVALID, BLOB_UPLOAD_UNKNOWN, NAME_UNKNOWN
 */
export async function completeUpload(ports: RegistryPorts, request: Complete): Promise<Completion> {
  try {
    return await complete(ports, request);
  } catch (error) {
    const isGone = error instanceof RegistryError && error.reason === "BLOB_UPLOAD_UNKNOWN";
    if (!isGone || !(await ports.uploads.wasCompleted(request.address, request.digest))) throw error;
    return "gained";
  }
}

async function complete(ports: RegistryPorts, request: Complete): Promise<Completion> {
  const { address, chunks, range } = request;
  if (chunks !== undefined) return completeByAttempt(ports, request);
  const known = range === undefined ? await completeKnown(ports, request) : undefined;
  if (known !== undefined) return known;
  const session = await findSession(ports, address);
  if (range !== undefined && range.start !== session.size) throw await refusal(ports, address, range);
  if (!isReady(ports, session, request)) return completeByAttempt(ports, request);
  return unlessFenced(ports, address, await completeReady(ports, session, request));
}

/** By what this process remembers of the session. Undefined when it does not, or when somebody else has gone on since. */
async function completeKnown(ports: RegistryPorts, request: Complete): Promise<Completion | undefined> {
  const session = ports.knownUploads.confirmed(request.address);
  if (session === undefined || !isReady(ports, session, request)) return undefined;
  try {
    const committed = await completeReady(ports, session, request);
    return committed === "fenced" ? undefined : committed;
  } catch (error) {
    // Another repository may have its name by now: the look-up tells.
    if (error instanceof RegistryError && error.reason === "NAME_UNKNOWN") return undefined;
    throw error;
  }
}

type ReadySession = UploadSession & { readonly content: UploadContent };

/** Fenced when another attempt has begun since, or the session is gone. */
async function completeReady(
  ports: RegistryPorts,
  session: ReadySession,
  request: Complete,
): Promise<UploadCommit> {
  const fence = fenceOf(ports, request.address, { ...session, firstPart: 1 });
  const completed = await ports.storage.complete(session.content, fence);
  return commit(ports, session, request, { size: session.size, ...completed });
}

/** The usual case: everything came before, and the row knows its digest already. */
function isReady(
  ports: RegistryPorts,
  session: UploadSession,
  { digest, alsoDigests = [] }: Complete,
): session is ReadySession {
  return (
    !session.writing &&
    session.content !== undefined &&
    session.digest === digest &&
    alsoDigests.length === 0 &&
    ports.storage.isComplete(session.content)
  );
}

async function completeByAttempt(ports: RegistryPorts, request: Complete): Promise<Completion> {
  return finishAttempt(ports, request, await beginAttempt(ports, request.address, request.range));
}

/** Takes an attempt that has begun through its body to the blob. */
export async function finishAttempt(
  ports: RegistryPorts,
  request: Complete,
  attempt: Attempt,
): Promise<Completion> {
  try {
    const { size, digest, content, takeover } = attempt.begun;
    if (request.chunks === undefined && content !== undefined && !takeover) {
      await attempt.confirmUnchanged({ content, garbage: [] });
      return await completeConfirmed(ports, request, attempt, { size, digest, content });
    }
    return await completeBody(ports, request, attempt);
  } finally {
    attempt.release();
  }
}

async function completeBody(ports: RegistryPorts, request: Complete, attempt: Attempt): Promise<Completion> {
  const received = await receiveLast(request, attempt);
  const finished = await attempt.finish();
  const { size, digest } = received;
  const isVerified = digest === request.digest && (request.alsoDigests ?? []).length === 0;
  if (isVerified && ports.storage.isComplete(finished.content)) {
    // The usual case: the session need not learn what it holds, since it ends now.
    const completed = await attempt.complete(finished.content);
    const garbage = [...finished.garbage, ...completed.garbage];
    const committed = await commit(ports, attempt.begun, request, { size, key: completed.key, garbage });
    if (committed === "fenced") throw await attempt.giveWay();
    return committed;
  }
  const content = await attempt.confirm(received, finished);
  return completeConfirmed(ports, request, attempt, { size, digest, content });
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
): Promise<Completion> {
  const others = [request.digest, ...(request.alsoDigests ?? [])].filter((wanted) => wanted !== digest);
  const found = new Map(digest === undefined ? [] : [[digestAlgorithm(digest), digest]]);
  for (const wanted of others) refuseOther(wanted, found.get(digestAlgorithm(wanted)));
  const completed = await attempt.complete(content);
  try {
    for (const wanted of others) {
      const algorithm = digestAlgorithm(wanted);
      if (!found.has(algorithm)) {
        ports.knownUploads.readBack++;
        found.set(algorithm, await attempt.hashBack(completed.key, size, algorithm));
      }
      refuseOther(wanted, found.get(algorithm));
    }
  } catch (error) {
    // Storage has put the object together by now: the session goes on with that.
    ports.knownUploads.forget(request.address.id);
    await attempt.confirmUnchanged(completed, digest);
    throw error;
  }
  const committed = await commit(ports, attempt.begun, request, { size, ...completed });
  return unlessFenced(ports, request.address, committed);
}

function refuseOther(wanted: Digest, found: Digest | undefined): void {
  if (found !== undefined && found !== wanted) throw digestMismatch(wanted, found);
}

async function unlessFenced(
  ports: RegistryPorts,
  address: UploadAddress,
  committed: UploadCommit,
): Promise<Completion> {
  if (committed === "fenced") throw await fenced(ports, address);
  return committed;
}

async function commit(
  ports: RegistryPorts,
  { id, version, repositoryId, registryId }: UploadSession,
  { digest, cause }: Complete,
  { size, key, garbage }: Completed,
): Promise<UploadCommit> {
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
