import { parseRepositoryName } from "../../../../registry/names.ts";
import { getRepositoryPolicy as get } from "../../../../registry/repositories/policies.ts";
import type { EcrHandler } from "../../call.ts";
import type { EcrPorts } from "../ports.ts";
import { arnIn, registryOf } from "../registry.ts";

export function getRepositoryPolicy(
  ports: Pick<EcrPorts, "scopes" | "policies">,
): EcrHandler<"GetRepositoryPolicy"> {
  return async (call, input) => {
    const registry = registryOf(call, input);
    const name = parseRepositoryName(input.repositoryName);
    await call.authorize(arnIn(registry, name));
    const policyText = await get(ports, await ports.scopes.open(registry), name);
    return { registryId: registry.account, repositoryName: name, policyText };
  };
}
