import { readResourceTagKeys } from "../../../../registry/repositories/resource-tags.ts";
import { untagRepository } from "../../../../registry/repositories/tag-repository.ts";
import type { EcrHandler } from "../../call.ts";
import type { EcrPorts } from "../ports.ts";
import { arnIn } from "../registry.ts";
import { openRegistryOf, repositoryOfArn } from "../resource-arn.ts";

/** Takes tags from a repository by their keys, exactly as they are written. */
export function untagResource(
  ports: Pick<EcrPorts, "scopes" | "resourceTags" | "clock">,
): EcrHandler<"UntagResource"> {
  return async (call, { resourceArn, tagKeys }) => {
    const repository = repositoryOfArn(resourceArn);
    const { registry, name } = repository;
    const keys = readResourceTagKeys(tagKeys);
    await call.authorize(arnIn(registry, name), keys.length === 0 ? undefined : { "aws:TagKeys": keys });
    await untagRepository(ports, await openRegistryOf(ports, call, repository), name, keys, call.cause());
    return {};
  };
}
