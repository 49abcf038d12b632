import { listRepositoryTags } from "../../../../registry/repositories/tag-repository.ts";
import type { EcrHandler } from "../../call.ts";
import type { EcrPorts } from "../ports.ts";
import { arnIn } from "../registry.ts";
import { openRegistryOf, repositoryOfArn } from "../resource-arn.ts";

/** All tags of a repository in the order of their keys; one without a value has an empty one. */
export function listTagsForResource(
  ports: Pick<EcrPorts, "scopes" | "resourceTags">,
): EcrHandler<"ListTagsForResource"> {
  return async (call, { resourceArn }) => {
    const repository = repositoryOfArn(resourceArn);
    const { registry, name } = repository;
    await call.authorize(arnIn(registry, name));
    const tags = await listRepositoryTags(ports, await openRegistryOf(ports, call, repository), name);
    return { tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) };
  };
}
