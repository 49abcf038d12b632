import { parseRepositoryName } from "../../../../registry/names.ts";
import { deleteRepositoryPolicy as remove } from "../../../../registry/repositories/policies.ts";
import type { EcrHandler } from "../../call.ts";
import type { EcrPorts } from "../ports.ts";
import { arnIn, registryOf } from "../registry.ts";

/** Answers with the policy that was deleted. */
export function deleteRepositoryPolicy(
  ports: Pick<EcrPorts, "scopes" | "policies" | "clock">,
): EcrHandler<"DeleteRepositoryPolicy"> {
  return async (call, input) => {
    const registry = registryOf(call, input);
    const name = parseRepositoryName(input.repositoryName);
    await call.authorize(arnIn(registry, name));
    const policyText = await remove(ports, await ports.scopes.open(registry), name, call.cause());
    return { registryId: registry.account, repositoryName: name, policyText };
  };
}
