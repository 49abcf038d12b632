import type { Cause } from "../../audit/cause.ts";
import type { RepositoryName } from "../names.ts";
import type { RegistryAddress } from "../scope.ts";

/** ECR's imageTagMutability: the filters of a `…_WITH_EXCLUSION` name the tags for which the opposite holds. */
export type TagMutability = "MUTABLE" | "IMMUTABLE" | "IMMUTABLE_WITH_EXCLUSION" | "MUTABLE_WITH_EXCLUSION";

/** What a repository is created with, and keeps. */
export interface RepositoryDraft {
  readonly name: RepositoryName;
  readonly tagMutability: TagMutability;
  /** Wildcards of the tags that the mutability does not cover; only with a `…_WITH_EXCLUSION`. */
  readonly exclusionFilters: readonly string[];
  readonly scanOnPush: boolean;
  readonly encryption: {
    readonly type: "AES256" | "KMS" | "KMS_DSSE";
    readonly kmsKey: string | undefined;
  };
  readonly tags: Readonly<Record<string, string>>;
}

export interface RepositoryRecord extends Omit<RepositoryDraft, "tags"> {
  readonly createdAt: Date;
}

/** Repositories of one registry, by name. A registry that does not exist has none. */
export interface RepositoryCatalog {
  /** With its tags, in one transaction. Undefined when the name is taken.  */
  create(
    registry: RegistryAddress,
    draft: RepositoryDraft,
    cause: Cause,
    at: Date,
  ): Promise<RepositoryRecord | undefined>;
  /** Those of `names` that exist, in any order. */
  find(registry: RegistryAddress, names: readonly RepositoryName[]): Promise<readonly RepositoryRecord[]>;
  /** Names after `after` in byte order, at most `limit`. */
  page(registry: RegistryAddress, after: string, limit: number): Promise<readonly RepositoryRecord[]>;
  /** Gives the repository as it was. Unless `force`, one that holds an image stays. */
  delete(
    registry: RegistryAddress,
    name: RepositoryName,
    options: { readonly force: boolean; readonly cause: Cause; readonly at: Date },
  ): Promise<RepositoryRecord | "unknown" | "not-empty">;
}
