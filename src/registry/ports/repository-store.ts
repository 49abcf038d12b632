import type { Cause } from "../../audit/cause.ts";
import type { RepositoryName } from "../names.ts";
import type { RegistryId } from "../scope.ts";
import type { TagMutability } from "./repository-catalog.ts";

export type RepositoryId = number & { readonly __brand: "RepositoryId" };

export interface RepositorySettings {
  /** Manifests may name children and layers that the repository does not have. */
  readonly sparse: boolean;
  /** IMMUTABLE: a tag, once set, never points at another manifest. Filters of the others are set through ECR's API. */
  readonly tagMutability: TagMutability;
}

export interface Repository extends RepositorySettings {
  readonly id: RepositoryId;
  readonly registryId: RegistryId;
  readonly name: RepositoryName;
  readonly createdAt: Date;
}

/** Repositories by name. A deleted repository is gone for every method here from the moment of its deletion. */
export interface RepositoryStore {
  /** The registry of an account and region, or undefined when the account has none there. */
  findRegistry(account: string, region: string): Promise<RegistryId | undefined>;
  find(registryId: RegistryId, name: RepositoryName): Promise<Repository | undefined>;
  /** Creates unless it exists; two at once make one, and both get it. */
  create(
    registryId: RegistryId,
    name: RepositoryName,
    settings: RepositorySettings,
    cause: Cause,
    at: Date,
  ): Promise<{ readonly repository: Repository; readonly created: boolean }>;
  /** Names after `after` in byte order, at most `limit`. */
  listNames(registryId: RegistryId, after: string, limit: number): Promise<readonly RepositoryName[]>;
  /** Waits for pushes in flight. Undefined when there is no such repository. */
  change(
    registryId: RegistryId,
    name: RepositoryName,
    settings: Partial<RepositorySettings>,
    cause: Cause,
    at: Date,
  ): Promise<Repository | undefined>;
  /**
   * Frees the name at once; the content follows by a worker. Waits for state changes in flight, and those that come
   * later find no repository. False when there was none.
   */
  delete(registryId: RegistryId, name: RepositoryName, cause: Cause, at: Date): Promise<boolean>;
  /**
   * Deletes a repository that nothing was ever put into: no manifest, no blob, no open upload. One that is in use by
   * now stays. Whoever has looked it up already finds it deleted. `creation` is why it was made.
   */
  discard(id: RepositoryId, creation: Cause, at: Date): Promise<void>;
  /** How many manifests it holds: what a careful delete asks first. */
  countManifests(id: RepositoryId): Promise<number>;
}
