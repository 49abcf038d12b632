import { requestTagKeys } from "../../../../iam/principals/global-context.ts";
import { readResourceTags } from "../../../../registry/repositories/resource-tags.ts";
import { tagRepository } from "../../../../registry/repositories/tag-repository.ts";
import type { EcrHandler } from "../../call.ts";
import type { EcrPorts } from "../ports.ts";
import { arnIn } from "../registry.ts";
import { openRegistryOf, repositoryOfArn } from "../resource-arn.ts";

/** Puts tags over those that the repository has; others stay. */
export function tagResource(
  ports: Pick<EcrPorts, "scopes" | "resourceTags" | "clock">,
): EcrHandler<"TagResource"> {
  return async (call, { resourceArn, tags: given }) => {
    const repository = repositoryOfArn(resourceArn);
    const { registry, name } = repository;
    const tags = readResourceTags(given.map(({ Key: key, Value: value }) => ({ key, value })));
    await call.authorize(arnIn(registry, name), requestTagKeys(tags));
    await tagRepository(ports, await openRegistryOf(ports, call, repository), name, tags, call.cause());
    return {};
  };
}
