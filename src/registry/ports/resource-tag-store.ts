import type { Cause } from "../../audit/cause.ts";
import type { RepositoryName } from "../names.ts";
import type { Scope } from "../scope.ts";

/** AWS tags of a repository by key; not to be confused with the tags of images. At most 50. */
export type ResourceTags = Readonly<Record<string, string>>;

/** The AWS tags of repositories. Whatever changes them writes why into the audit log, in the same transaction. */
export interface ResourceTagStore {
  /** Undefined when there is no such repository. One query. */
  find(scope: Scope, name: RepositoryName): Promise<ResourceTags | undefined>;
  /**
   * Replaces the tags by what `change` makes of them; changes of one repository come one after the other. Nothing is
   * written when it throws, and nothing when it changes nothing. False when there is no such repository.
   */
  change(
    scope: Scope,
    name: RepositoryName,
    change: (tags: ResourceTags) => ResourceTags,
    cause: Cause,
    at: Date,
  ): Promise<boolean>;
}
