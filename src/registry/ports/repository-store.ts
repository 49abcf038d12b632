import type { Cause } from "../../audit/cause.ts";
import type { RepositoryName } from "../names.ts";
import type { RegistryId, Scope } from "../scope.ts";
import type { MissingPrincipal } from "./policy-store.ts";

/** Database id of a repository. A name that is used again gets another one. */
export type RepositoryId = number & { readonly __brand: "RepositoryId" };

/** ECR's imageTagMutability: the filters of a `…_WITH_EXCLUSION` name the tags for which the opposite holds. */
export type TagMutability = "MUTABLE" | "IMMUTABLE" | "IMMUTABLE_WITH_EXCLUSION" | "MUTABLE_WITH_EXCLUSION";

/** What may be changed of a repository. */
export interface RepositorySettings {
  /** Manifests may name children and layers that the repository does not have. */
  readonly sparse: boolean;
  /** Of a tag that is IMMUTABLE: once set, it never points at another manifest. */
  readonly tagMutability: TagMutability;
  /** Wildcards of the tags that the mutability does not cover; only with a `…_WITH_EXCLUSION`. */
  readonly exclusionFilters: readonly string[];
  /** ECR's scanOnPush. Kept as it was asked for. */
  readonly scanOnPush: boolean;
}

/** ECR's encryptionConfiguration, kept as it was asked for; never changed. */
export interface Encryption {
  readonly type: "AES256" | "KMS" | "KMS_DSSE";
  /** Never with AES256. */
  readonly kmsKey: string | undefined;
}

/** What a repository is created with. Made by `draftRepository`, which keeps the rules. */
export interface RepositoryDraft extends RepositorySettings {
  readonly name: RepositoryName;
  readonly encryption: Encryption;
  /** AWS tags of the repository by key; not to be confused with the tags of images. */
  readonly tags: Readonly<Record<string, string>>;
  /** A push makes it, and it is to go again when nothing comes of that; see {@link RepositoryStore.discard}. */
  readonly provisional?: boolean;
}

/** A repository as it is kept; its AWS tags are not part of it. */
export interface Repository extends RepositorySettings {
  readonly id: RepositoryId;
  readonly registryId: RegistryId;
  readonly name: RepositoryName;
  readonly encryption: Encryption;
  readonly createdAt: Date;
}

/** What is there after a creation, and whether it made it. */
export interface Creation {
  readonly repository: Repository;
  readonly created: boolean;
}

/** Texts of policies that a new repository gets. */
export interface RepositoryPolicies {
  readonly repositoryPolicy: string | undefined;
  readonly lifecyclePolicy: string | undefined;
}

/**
 * Repositories by name, of one registry at a time. A deleted repository is gone for every method here from the moment
 * of its deletion. Whatever changes one writes why into the audit log, in the same transaction.
 */
export interface RepositoryStore {
  /** One query. */
  find(scope: Scope, name: RepositoryName): Promise<Repository | undefined>;
  /** Those of `names` that exist, in any order. One query. */
  findAll(scope: Scope, names: readonly RepositoryName[]): Promise<readonly Repository[]>;
  /** Those with a name after `after`, in byte order of the names, at most `limit`. */
  page(scope: Scope, after: string, limit: number): Promise<readonly Repository[]>;
  /** Names after `after` in byte order, at most `limit`. */
  listNames(scope: Scope, after: string, limit: number): Promise<readonly RepositoryName[]>;
  /**
   * Creates unless the name is taken, and gives what is there; two at once make one, and both get it.
   * @throws RegistryError REPOSITORIES_TOO_MANY where the registry has as many as the store was opened for
   */
  create(scope: Scope, draft: RepositoryDraft, cause: Cause, at: Date): Promise<Creation>;
  /**
   * The same with the policies of a template, all or nothing; where the name is taken, they are not looked at. A policy
   * that names somebody who does not exist creates nothing.
   */
  createWithPolicies(
    scope: Scope,
    draft: RepositoryDraft,
    policies: RepositoryPolicies,
    cause: Cause,
    at: Date,
  ): Promise<Creation | MissingPrincipal>;
  /** Waits for pushes in flight. Undefined when there is no such repository. */
  change(
    scope: Scope,
    name: RepositoryName,
    settings: Partial<RepositorySettings>,
    cause: Cause,
    at: Date,
  ): Promise<Repository | undefined>;
  /**
   * Frees the name at once; the content follows by a worker. Waits for state changes in flight, and those that come
   * later find no repository. Gives the repository as it was. Unless `force`, one that holds a manifest stays.
   */
  delete(
    scope: Scope,
    name: RepositoryName,
    options: { readonly force: boolean; readonly cause: Cause; readonly at: Date },
  ): Promise<Repository | "unknown" | "not empty">;
  /**
   * Deletes a repository that was made for a push, and that nothing was ever put into: no manifest, no blob, no open upload,
   * neither settings nor a policy of its own. Any other stays. Whoever has looked it up already finds it deleted.
   */
  discard(id: RepositoryId, because: Cause, at: Date): Promise<void>;
  /** How many manifests it holds. Reads them all: for people, not for requests. */
  countManifests(id: RepositoryId): Promise<number>;
}
