import type { Cause } from "../audit/cause.ts";
import type { Digest } from "./digest.ts";
import { RegistryError } from "./errors.ts";
import type { RepositoryName } from "./names.ts";
import type { BlobLookup, RegistryPorts, Repository, StoredBlob } from "./ports/index.ts";
import { repositoryUnknown } from "./repositories/errors.ts";
import type { Scope } from "./scope.ts";

/** Repositories that a mount without `from` tries, at most. */
export const MOUNT_SOURCES_MAX = 8;

/** Where a blob is. @throws RegistryError NAME_UNKNOWN or BLOB_UNKNOWN */
export async function findBlob(
  { blobs }: Pick<RegistryPorts, "blobs">,
  scope: Scope,
  name: RepositoryName,
  digest: Digest,
): Promise<StoredBlob> {
  return known(await blobs.find(scope, name, digest), scope, name, digest);
}

/** The same for a client that asks before it pushes: it need not upload the blob, for that stays long enough. */
export async function confirmBlob(
  { blobs, clock }: Pick<RegistryPorts, "blobs" | "clock">,
  scope: Scope,
  name: RepositoryName,
  digest: Digest,
): Promise<StoredBlob> {
  return known(await blobs.confirm(scope, name, digest, clock.now()), scope, name, digest);
}

function known(found: BlobLookup, { account }: Scope, name: RepositoryName, digest: Digest): StoredBlob {
  if (!found.repository) throw repositoryUnknown(account, name);
  if (found.blob === undefined) throw blobUnknown(name, digest);
  return found.blob;
}

/** What a mount asks for (distribution-spec end-11). */
export interface Mount {
  readonly digest: Digest;
  /** The repository to take it from; undefined lets the registry look. */
  readonly from: RepositoryName | undefined;
  /** Whether the caller may pull from a repository; asked before anything about it is looked up or revealed. */
  readonly mayPullFrom: (source: RepositoryName) => Promise<boolean>;
  /** Why the repository gets the blob. */
  readonly cause: Cause;
}

/**
 * Gives the repository a blob of another one of the same registry, without moving bytes. False in every case in which
 * it does not come about: no permission, no such repository, no such blob, lost against an unlink. The caller then
 * opens an upload, and learns nothing.
 */
export async function mountBlob(
  ports: Pick<RegistryPorts, "blobs" | "clock">,
  scope: Scope,
  target: Repository,
  mount: Mount,
): Promise<boolean> {
  for (const source of await sourcesOf(ports, scope, mount)) {
    if (!(await mount.mayPullFrom(source))) continue;
    const { digest, cause } = mount;
    const mounted = await ports.blobs.mount(scope, target.id, source, digest, cause, ports.clock.now());
    if (mounted !== undefined) return true;
  }
  return false;
}

async function sourcesOf(
  ports: Pick<RegistryPorts, "blobs">,
  scope: Scope,
  mount: Mount,
): Promise<readonly RepositoryName[]> {
  return mount.from === undefined
    ? ports.blobs.findRepositories(scope, mount.digest, MOUNT_SOURCES_MAX)
    : [mount.from];
}

/** Takes a blob from a repository. @throws RegistryError BLOB_UNKNOWN, NAME_UNKNOWN, BLOB_REFERENCED naming the manifests */
export async function deleteBlob(
  ports: Pick<RegistryPorts, "blobs" | "clock">,
  scope: Scope,
  name: RepositoryName,
  digest: Digest,
  cause: Cause,
): Promise<void> {
  const removal = await ports.blobs.unlink(scope, name, digest, cause, ports.clock.now());
  if (removal === "removed") return;
  if (removal === "unknown") {
    await findBlob(ports, scope, name, digest);
    throw blobUnknown(name, digest);
  }
  throw new RegistryError(
    "BLOB_REFERENCED",
    `the blob is referenced by manifests of the repository: [${removal.referencedBy.join(", ")}]; delete them first`,
    { detail: { digest, referencedBy: removal.referencedBy } },
  );
}

/** The repository has no blob of that digest. */
export function blobUnknown(name: RepositoryName, digest: Digest): RegistryError {
  return new RegistryError("BLOB_UNKNOWN", `the repository ${name} has no blob ${digest}`, {
    detail: { digest },
  });
}
