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

/** Where a manifest of the repository names a blob. */
export interface BlobPlace {
  /** Whether the manifest is an index, of which the blob is an entry. */
  readonly isEntry: boolean;
  /** From 0: of an entry among the entries; else 0 for the config, and then the layers. */
  readonly position: number;
  /** The manifest, as it was pushed. */
  readonly payload: Buffer;
}

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
  /** As {@link find}, and whether any manifest of the repository names the blob. One query. */
  findNamed(
    scope: Scope,
    name: RepositoryName,
    digest: Digest,
  ): Promise<{
    readonly repository: boolean;
    readonly blob: StoredBlob | undefined;
    readonly isNamed: boolean;
  }>;
  /**
   * A place of each blob, as far as there is one in a manifest of at most `payloadMax` bytes. Of several it is any. One
   * query.
   */
  findPlaces(
    scope: Scope,
    name: RepositoryName,
    digests: readonly Digest[],
    payloadMax: number,
  ): Promise<ReadonlyMap<Digest, BlobPlace>>;
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
