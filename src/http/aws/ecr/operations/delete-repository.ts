import { parseRepositoryName } from "../../../../registry/names.ts";
import { deleteRepository as remove } from "../../../../registry/repositories/delete.ts";
import type { EcrHandler } from "../../call.ts";
import type { EcrPorts } from "../ports.ts";
import { presentRepository } from "../present-repository.ts";
import { arnIn, registryOf } from "../registry.ts";

export function deleteRepository(
  ports: Pick<EcrPorts, "scopes" | "repositories" | "clock" | "hosts">,
): EcrHandler<"DeleteRepository"> {
  return async (call, input) => {
    const registry = registryOf(call, input);
    const name = parseRepositoryName(input.repositoryName);
    await call.authorize(arnIn(registry, name));
    const how = { force: input.force ?? false, cause: call.cause() };
    const deleted = await remove(ports, await ports.scopes.open(registry), name, how);
    return { repository: presentRepository(ports.hosts, registry, deleted, call.origin) };
  };
}
