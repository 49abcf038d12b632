import type { Cause } from "../../audit/cause.ts";
import type { Digest } from "../digest.ts";
import type { RepositoryName } from "../names.ts";
import type { Scope } from "../scope.ts";
import type { RepositoryId } from "./repository-store.ts";

/** A blob that a repository has, and where its bytes are. */
export interface StoredBlob {
  readonly digest: Digest;
  readonly size: number;
  readonly key: string;
}

/** `repository: false`: there is no such repository. `blob` is undefined when the repository does not have it. */
export type BlobLookup =
  | { readonly repository: false }
  | { readonly repository: true; readonly blob: StoredBlob | undefined };

/** `referencedBy`: some of the manifests that keep the blob. */
export type BlobRemoval = "removed" | "unknown" | { readonly referencedBy: readonly Digest[] };

/** Which repository has which blob. */
export interface BlobStore {
  /** One query. A blob whose bytes are known to be lost counts as unknown, so that a re-push heals it. */
  find(scope: Scope, name: RepositoryName, digest: Digest): Promise<BlobLookup>;
  /**
   * As {@link find}, for somebody who counts on the blob from now on: it stays for a whole grace, though no manifest names
   * it. Not a write for each: those whose grace is not about to end are written together.
   */
  confirm(scope: Scope, name: RepositoryName, digest: Digest, at: Date): Promise<BlobLookup>;
  /**
   * Names of repositories of the registry that have the blob and may be mounted from, at most `limit`, newest link first:
   * none where the registry's setting BLOB_MOUNTING is DISABLED.
   */
  findRepositories(scope: Scope, digest: Digest, limit: number): Promise<readonly RepositoryName[]>;
  /**
   * Gives the repository a blob that `source` has, and tells whether it is new there. Undefined when the source has it no
   * (longer), or BLOB_MOUNTING is DISABLED: the caller must upload. @throws RegistryError NAME_UNKNOWN when the target was deleted meanwhile
   */
  mount(
    scope: Scope,
    target: RepositoryId,
    source: RepositoryName,
    digest: Digest,
    cause: Cause,
    at: Date,
  ): Promise<{ readonly isNew: boolean } | undefined>;
  /** Takes the blob from the repository unless a manifest there names it. */
  unlink(scope: Scope, name: RepositoryName, digest: Digest, cause: Cause, at: Date): Promise<BlobRemoval>;
}
