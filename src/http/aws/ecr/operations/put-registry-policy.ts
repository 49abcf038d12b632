import { invalidParameter } from "../../aws-error.ts";
import type { EcrHandler } from "../../call.ts";
import type { EcrPorts } from "../ports.ts";
import { authorizeOnEverything, registryOf } from "../registry.ts";

/** Replaces the policy of the caller's own registry. */
export function putRegistryPolicy({
  registryPolicies,
  policyRules,
}: Pick<EcrPorts, "registryPolicies" | "policyRules">): EcrHandler<"PutRegistryPolicy"> {
  return async (call, { policyText }) => {
    const registry = registryOf(call, {});
    await authorizeOnEverything(call, "ecr.PutRegistryPolicy");
    const problem = await policyRules.registryPolicyProblem(policyText, registry);
    if (problem !== undefined) {
      throw invalidParameter("PolicyText", `Invalid registry policy provided: ${problem}`);
    }
    await registryPolicies.put(registry, policyText, call.cause(), call.clock.now());
    return { registryId: registry.account, policyText };
  };
}
