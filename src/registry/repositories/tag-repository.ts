import type { Cause } from "../../audit/cause.ts";
import type { Clock } from "../clock.ts";
import type { RepositoryName } from "../names.ts";
import type { ResourceTagStore, ResourceTags } from "../ports/index.ts";
import type { Scope } from "../scope.ts";
import { repositoryUnknown } from "./errors.ts";
import { withoutResourceTags, withResourceTags } from "./resource-tags.ts";

/** What AWS tags of repositories are kept with. */
export interface ResourceTagPorts {
  readonly resourceTags: ResourceTagStore;
  readonly clock: Clock;
}

/** In the order of keys. @throws RegistryError NAME_UNKNOWN */
export async function listRepositoryTags(
  { resourceTags }: Pick<ResourceTagPorts, "resourceTags">,
  scope: Scope,
  name: RepositoryName,
): Promise<ResourceTags> {
  const tags = await resourceTags.find(scope, name);
  if (tags === undefined) throw repositoryUnknown(scope.account, name);
  return Object.fromEntries(Object.entries(tags).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Puts tags over those that there are. @throws RegistryError NAME_UNKNOWN, and as {@link withResourceTags} */
export async function tagRepository(
  { resourceTags, clock }: ResourceTagPorts,
  scope: Scope,
  name: RepositoryName,
  given: ResourceTags,
  cause: Cause,
): Promise<void> {
  const change = (tags: ResourceTags): ResourceTags => withResourceTags(tags, given);
  const found = await resourceTags.change(scope, name, change, cause, clock.now());
  if (!found) throw repositoryUnknown(scope.account, name);
}

/** Takes tags away; one that is not there is no mistake. @throws RegistryError NAME_UNKNOWN */
export async function untagRepository(
  { resourceTags, clock }: ResourceTagPorts,
  scope: Scope,
  name: RepositoryName,
  keys: readonly string[],
  cause: Cause,
): Promise<void> {
  const change = (tags: ResourceTags): ResourceTags => withoutResourceTags(tags, keys);
  const found = await resourceTags.change(scope, name, change, cause, clock.now());
  if (!found) throw repositoryUnknown(scope.account, name);
}
