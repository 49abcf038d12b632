import { randomUUID } from "node:crypto";
import type { Cause } from "../../audit/cause.ts";
import { type Digest, type DigestAlgorithm, digestAlgorithm } from "../digest.ts";
import { RegistryError } from "../errors.ts";
import type { BegunAttempt, RegistryPorts, RepositoryId, UploadAddress } from "../ports/index.ts";
import { type PushTarget, pushInto, repositoryUnknown } from "../repositories.ts";
import { finishAttempt } from "./complete.ts";
import { findSession } from "./find-session.ts";
import { newObjectKey } from "./object-key.ts";
import { uploadUnknown } from "./upload-errors.ts";

/** Who uploads, and where to. */
export interface NewSession extends PushTarget {
  readonly principal: string;
  /** Why the repository gets the blob, when all comes in one request. */
  readonly completion: Cause;
}

/** A session that was just made, by its address. */
interface Session {
  readonly address: UploadAddress;
  readonly repositoryId: RepositoryId;
}

/** Opens an upload session (distribution-spec end-4a). @throws RegistryError NAME_UNKNOWN, TOOMANYREQUESTS */
export function startUpload(
  ports: RegistryPorts,
  target: NewSession,
  algorithm: DigestAlgorithm,
): Promise<UploadAddress> {
  return withSession(ports, target, { algorithm }, async ({ address }) => address);
}

/** The whole upload in one request (distribution-spec end-4b). */
export function uploadAtOnce(
  ports: RegistryPorts,
  target: NewSession,
  digest: Digest,
  chunks: AsyncIterable<Buffer>,
): Promise<void> {
  const attemptKey = newObjectKey();
  const algorithm = digestAlgorithm(digest);
  return withSession(ports, target, { algorithm, attemptKey }, async ({ address, repositoryId }) => {
    const begun: BegunAttempt = {
      ...{ id: address.id, repositoryId, registryId: address.scope.id, principal: address.principal },
      ...{ algorithm, version: 1, size: 0, digest: undefined, content: undefined },
      ...{ writing: true, takeover: false, firstPart: 1 },
    };
    try {
      const { completion: cause } = target;
      await finishAttempt(ports, { address, digest, chunks, range: undefined, cause }, begun, attemptKey);
    } catch (error) {
      // Nobody knows the session's id, so nobody can resume it.
      await ports.uploads.cancel(address, ports.clock.now()).catch(() => undefined);
      throw error;
    }
  });
}

interface Opening {
  readonly algorithm: DigestAlgorithm;
  readonly attemptKey?: string;
}

/** Opens a session in a repository that is looked for only when it turns out to be missing, and made then if it may. */
async function withSession<T>(
  ports: RegistryPorts,
  target: NewSession,
  opening: Opening,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const session = await open(ports, target, opening);
  if (session !== undefined) return work(session);
  return pushInto(ports, target, async () => {
    const opened = await open(ports, target, opening);
    if (opened === undefined) throw repositoryUnknown(target.scope.account, target.name);
    return work(opened);
  });
}

/** Undefined when there is no such repository. */
async function open(
  ports: RegistryPorts,
  { scope, name, principal }: NewSession,
  opening: Opening,
): Promise<Session | undefined> {
  const address = { scope, name, id: randomUUID(), principal };
  const maxPerPrincipal = ports.limits.uploadsPerPrincipal;
  const outcome = await ports.uploads.create({
    ...address,
    ...opening,
    maxPerPrincipal,
    at: ports.clock.now(),
  });
  if (outcome.created) return { address, repositoryId: outcome.repositoryId };
  if (outcome.because === "repository unknown") return undefined;
  throw new RegistryError(
    "TOOMANYREQUESTS",
    `there are ${maxPerPrincipal} upload sessions open already; complete or cancel some`,
    { headers: { "Retry-After": "60" } },
  );
}

/** Ends a session and gives its storage back. @throws RegistryError NAME_UNKNOWN, BLOB_UPLOAD_UNKNOWN */
export async function cancelUpload(ports: RegistryPorts, address: UploadAddress): Promise<void> {
  if (!(await ports.uploads.cancel(address, ports.clock.now()))) {
    await findSession(ports, address);
    throw uploadUnknown(address.id);
  }
  ports.hashes.forget(address.id);
}
