import { setRegistryPolicy } from "../../../../registry/repositories/policies.ts";
import type { EcrHandler } from "../../call.ts";
import type { EcrPorts } from "../ports.ts";
import { registryOf } from "../registry.ts";

/** Replaces the policy of the caller's own registry. */
export function putRegistryPolicy(
  ports: Pick<EcrPorts, "scopes" | "policies" | "policyRules" | "accountSettings" | "clock">,
): EcrHandler<"PutRegistryPolicy"> {
  return async (call, { policyText }) => {
    const registry = registryOf(call, {});
    await call.authorize("*");
    await setRegistryPolicy(ports, await ports.scopes.open(registry), policyText, call.cause());
    return { registryId: registry.account, policyText };
  };
}
