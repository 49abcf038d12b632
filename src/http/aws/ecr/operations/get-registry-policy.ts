import type { EcrHandler } from "../../call.ts";
import { registryPolicyNotFound } from "../errors.ts";
import type { EcrPorts } from "../ports.ts";
import { authorizeOnEverything, registryOf } from "../registry.ts";

export function getRegistryPolicy({
  registryPolicies,
}: Pick<EcrPorts, "registryPolicies">): EcrHandler<"GetRegistryPolicy"> {
  return async (call) => {
    const registry = registryOf(call, {});
    await authorizeOnEverything(call, "ecr.GetRegistryPolicy");
    const policyText = await registryPolicies.get(registry);
    if (policyText === undefined) throw registryPolicyNotFound(registry);
    return { registryId: registry.account, policyText };
  };
}
