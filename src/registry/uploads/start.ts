import { randomUUID } from "node:crypto";
import type { Cause } from "../../audit/cause.ts";
import { type Digest, type DigestAlgorithm, digestAlgorithm } from "../digest.ts";
import { RegistryError } from "../errors.ts";
import type { BegunAttempt, RegistryPorts, RepositoryId, UploadAddress } from "../ports/index.ts";
import { repositoryUnknown } from "../repositories/errors.ts";
import { type PushTarget, pushInto } from "../repositories/push-target.ts";
import { Attempt } from "./attempt.ts";
import { finishAttempt } from "./complete.ts";
import { findSession } from "./find-session.ts";
import type { OpenedAttempt } from "./known-uploads.ts";
import { newObjectKey } from "./object-key.ts";
import { countedWith } from "./quota.ts";
import { uploadUnknown } from "./upload-errors.ts";

/** Who uploads, and where to. */
export type Uploader = Pick<UploadAddress, "scope" | "name" | "principal">;

/** The same, and what comes with a push. */
export interface NewSession extends PushTarget {
  readonly principal: string;
  /** Why the repository gets the blob, when all comes in one request. */
  readonly completion: Cause;
}

/** A session that was just made. */
interface Session {
  readonly address: UploadAddress;
  /** Its first attempt, where it was opened with one. */
  readonly attempt: OpenedAttempt | undefined;
}

/** Opens an upload session (distribution-spec end-4a). @throws RegistryError NAME_UNKNOWN, TOOMANYREQUESTS */
export async function startUpload(
  ports: RegistryPorts,
  target: NewSession,
  algorithm: DigestAlgorithm,
): Promise<UploadAddress> {
  const key = firstKey(ports);
  return noteOpened(ports, await pushInto(ports, target, () => open(ports, target, algorithm, key)));
}

/** The same, in a repository that must be there. @throws RegistryError NAME_UNKNOWN, TOOMANYREQUESTS */
export async function startUploadInto(
  ports: RegistryPorts,
  target: Uploader,
  algorithm: DigestAlgorithm,
): Promise<UploadAddress> {
  const session = await open(ports, target, algorithm, firstKey(ports));
  if (session === undefined) throw repositoryUnknown(target.scope.account, target.name);
  return noteOpened(ports, session);
}

/** Where any process may get the next request, a session is opened without an attempt. */
function firstKey({ knownUploads }: RegistryPorts): string | undefined {
  return knownUploads.isAlone ? newObjectKey() : undefined;
}

function noteOpened(ports: RegistryPorts, { address, attempt }: Session): UploadAddress {
  if (attempt !== undefined) ports.knownUploads.noteOpened(address, attempt, ports.clock.now());
  return address;
}

/** The whole upload in one request (distribution-spec end-4b). */
export async function uploadAtOnce(
  ports: RegistryPorts,
  target: NewSession,
  digest: Digest,
  chunks: AsyncIterable<Buffer>,
): Promise<void> {
  await pushInto(ports, target, async () => {
    const session = await open(ports, target, digestAlgorithm(digest), newObjectKey());
    if (session?.attempt === undefined) return undefined;
    const { address, attempt } = session;
    const request = { address, digest, chunks, range: undefined, cause: target.completion };
    try {
      await finishAttempt(ports, request, new Attempt(ports, address, attempt));
    } catch (error) {
      // Nobody knows the session's id, so nobody can resume it.
      await ports.uploads.cancel(address, ports.clock.now()).catch(() => undefined);
      throw error;
    }
    return session;
  });
}

/** Undefined when there is no such repository. */
async function open(
  ports: RegistryPorts,
  { scope, name, principal }: Uploader,
  algorithm: DigestAlgorithm,
  attemptKey: string | undefined,
): Promise<Session | undefined> {
  const address = { scope, name, id: randomUUID(), principal };
  const max = ports.limits.uploadsPerPrincipal;
  const outcome = await ports.uploads.create({
    ...address,
    ...{ algorithm, quota: { principals: countedWith(principal), max }, at: ports.clock.now() },
    ...(attemptKey === undefined ? {} : { attemptKey }),
  });
  if (outcome.created) {
    if (attemptKey === undefined) return { address, attempt: undefined };
    const begun = firstAttempt(address, outcome.repositoryId, algorithm);
    return { address, attempt: { begun, key: attemptKey } };
  }
  if (outcome.because === "repository unknown") return undefined;
  throw new RegistryError(
    "TOOMANYREQUESTS",
    `there are ${max} upload sessions open already; complete or cancel some`,
    { facts: { retryAfter: 60 } },
  );
}

/** What {@link UploadStore.create} has begun. */
function firstAttempt(
  { id, scope, principal }: UploadAddress,
  repositoryId: RepositoryId,
  algorithm: DigestAlgorithm,
): BegunAttempt {
  return {
    ...{ id, repositoryId, registryId: scope.id, principal, algorithm },
    ...{ version: 1, size: 0, digest: undefined, content: undefined, parts: undefined },
    ...{ writing: true, takeover: false, firstPart: 1 },
  };
}

/**
 * Ends a session and gives its storage back. A repository that was made for it, and that nothing was put into, goes too.
 * @throws RegistryError NAME_UNKNOWN, BLOB_UPLOAD_UNKNOWN
 */
export async function cancelUpload(
  ports: RegistryPorts,
  address: UploadAddress,
  cause: Cause,
): Promise<void> {
  const repositoryId = await ports.uploads.cancel(address, ports.clock.now());
  if (repositoryId === undefined) {
    await findSession(ports, address);
    throw uploadUnknown(address.id);
  }
  ports.knownUploads.forget(address.id);
  // Where it fails the collector comes to it.
  await ports.repositories.discard(repositoryId, cause, ports.clock.now()).catch(() => undefined);
}
