import { parseRepositoryName } from "../../../../registry/names.ts";
import type { EcrHandler } from "../../call.ts";
import { repositoryNotEmpty, repositoryNotFound } from "../errors.ts";
import type { EcrPorts } from "../ports.ts";
import { presentRepository } from "../present-repository.ts";
import { authorizeOnRepository, registryOf } from "../registry.ts";

export function deleteRepository({
  repositories,
  hosts,
}: Pick<EcrPorts, "repositories" | "hosts">): EcrHandler<"DeleteRepository"> {
  return async (call, input) => {
    const registry = registryOf(call, input);
    const name = parseRepositoryName(input.repositoryName);
    await authorizeOnRepository(call, "ecr.DeleteRepository", registry, name);
    const options = { force: input.force ?? false, cause: call.cause(), at: call.clock.now() };
    const deleted = await repositories.delete(registry, name, options);
    if (deleted === "unknown") throw repositoryNotFound(registry, name);
    if (deleted === "not-empty") throw repositoryNotEmpty(registry, name);
    return { repository: presentRepository(hosts, registry, deleted, call.origin) };
  };
}
