import { listImages as list } from "../../../../registry/images/list.ts";
import { parseRepositoryName } from "../../../../registry/names.ts";
import type { EcrHandler } from "../../call.ts";
import { isActive, noImages } from "../image-status.ts";
import { pageOf } from "../paging.ts";
import type { EcrPorts } from "../ports.ts";
import { arnIn, registryOf } from "../registry.ts";

/** Every image under each of its tags, and those without one by digest alone. */
export function listImages(
  ports: Pick<EcrPorts, "scopes" | "images" | "repositories" | "pageTokens">,
): EcrHandler<"ListImages"> {
  return async (call, input) => {
    const registry = registryOf(call, input);
    const name = parseRepositoryName(input.repositoryName);
    const { tagStatus = "ANY", imageStatus } = input.filter ?? {};
    const wanted = pageOf(ports.pageTokens, call, registry, input, [name, tagStatus, imageStatus]);
    await call.authorize(arnIn(registry, name));
    const scope = await ports.scopes.open(registry);
    if (!isActive(imageStatus)) return { imageIds: await noImages(ports, scope, name) };
    const { after, limit } = wanted;
    const page = await list(ports, scope, name, { tagStatus, after, limit });
    return {
      imageIds: page.items.map(({ digest, tag }) => ({ imageDigest: digest, imageTag: tag })),
      nextToken: wanted.token(page.next),
    };
  };
}
