import type { EcrHandler } from "../../call.ts";
import { registryPolicyNotFound } from "../errors.ts";
import type { EcrPorts } from "../ports.ts";
import { authorizeOnEverything, registryOf } from "../registry.ts";

/** Answers with the policy that was deleted. */
export function deleteRegistryPolicy({
  registryPolicies,
}: Pick<EcrPorts, "registryPolicies">): EcrHandler<"DeleteRegistryPolicy"> {
  return async (call) => {
    const registry = registryOf(call, {});
    await authorizeOnEverything(call, "ecr.DeleteRegistryPolicy");
    const policyText = await registryPolicies.delete(registry, call.cause(), call.clock.now());
    if (policyText === undefined) throw registryPolicyNotFound(registry);
    return { registryId: registry.account, policyText };
  };
}
