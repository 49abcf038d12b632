import { getLifecyclePolicy as get } from "../../../../lifecycle/policies.ts";
import { parseRepositoryName } from "../../../../registry/names.ts";
import type { EcrHandler } from "../../call.ts";
import type { EcrPorts } from "../ports.ts";
import { presentLifecyclePolicy } from "../present-lifecycle-policy.ts";
import { arnIn, registryOf } from "../registry.ts";

export function getLifecyclePolicy(
  ports: Pick<EcrPorts, "scopes" | "lifecyclePolicies">,
): EcrHandler<"GetLifecyclePolicy"> {
  return async (call, input) => {
    const registry = registryOf(call, input);
    const name = parseRepositoryName(input.repositoryName);
    await call.authorize(arnIn(registry, name));
    const policy = await get(ports, await ports.scopes.open(registry), name);
    return presentLifecyclePolicy(registry, name, policy);
  };
}
