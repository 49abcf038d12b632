import { randomUUID } from "node:crypto";
import { type Digest, type DigestAlgorithm, digestAlgorithm } from "../digest.ts";
import { RegistryError } from "../errors.ts";
import type {
  BegunAttempt,
  RegistryPorts,
  Repository,
  UploadAddress,
  UploadSession,
} from "../ports/index.ts";
import { finishAttempt } from "./complete.ts";
import { newObjectKey } from "./object-key.ts";
import { uploadUnknown } from "./upload-errors.ts";

/** Opens an upload session (distribution-spec end-4a); returns its id. @throws RegistryError TOOMANYREQUESTS */
export async function startUpload(
  ports: RegistryPorts,
  repository: Repository,
  principal: string,
  algorithm: DigestAlgorithm,
): Promise<string> {
  return (await create(ports, repository, principal, algorithm, undefined)).id;
}

/** The whole upload in one request (distribution-spec end-4b). */
export async function uploadAtOnce(
  ports: RegistryPorts,
  repository: Repository,
  principal: string,
  digest: Digest,
  chunks: AsyncIterable<Buffer>,
): Promise<void> {
  const key = newObjectKey();
  const algorithm = digestAlgorithm(digest);
  const address = await create(ports, repository, principal, algorithm, key);
  const begun: BegunAttempt = {
    ...address,
    registryId: repository.registryId,
    algorithm,
    version: 1,
    size: 0,
    digest: undefined,
    content: undefined,
    writing: true,
    takeover: false,
    firstPart: 1,
  };
  const request = { name: repository.name, address, digest, chunks, range: undefined };
  try {
    await finishAttempt(ports, request, begun, key);
  } catch (error) {
    // Nobody knows the session's id, so nobody can resume it.
    await ports.uploads.cancel(address, ports.clock.now()).catch(() => undefined);
    throw error;
  }
}

async function create(
  ports: RegistryPorts,
  repository: Repository,
  principal: string,
  algorithm: DigestAlgorithm,
  attemptKey: string | undefined,
): Promise<UploadAddress> {
  const id = randomUUID();
  const created = await ports.uploads.create({
    id,
    repositoryId: repository.id,
    principal,
    algorithm,
    ...(attemptKey === undefined ? {} : { attemptKey }),
    maxPerPrincipal: ports.limits.uploadsPerPrincipal,
    at: ports.clock.now(),
  });
  if (!created) {
    throw new RegistryError(
      "TOOMANYREQUESTS",
      `there are ${ports.limits.uploadsPerPrincipal} upload sessions open already; complete or cancel some`,
      { headers: { "Retry-After": "60" } },
    );
  }
  return { id, repositoryId: repository.id, principal };
}

/** The state of a session (distribution-spec end-13). @throws RegistryError BLOB_UPLOAD_UNKNOWN */
export async function describeUpload(ports: RegistryPorts, address: UploadAddress): Promise<UploadSession> {
  const session = await ports.uploads.find(address);
  if (session === undefined) throw uploadUnknown(address.id);
  return session;
}

/** Ends a session and gives its storage back. @throws RegistryError BLOB_UPLOAD_UNKNOWN */
export async function cancelUpload(ports: RegistryPorts, address: UploadAddress): Promise<void> {
  if (!(await ports.uploads.cancel(address, ports.clock.now()))) throw uploadUnknown(address.id);
  ports.hashes.forget(address.id);
}
