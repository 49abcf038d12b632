import { getRegistryPolicy as get } from "../../../../registry/repositories/policies.ts";
import type { EcrHandler } from "../../call.ts";
import type { EcrPorts } from "../ports.ts";
import { registryOf } from "../registry.ts";

export function getRegistryPolicy(
  ports: Pick<EcrPorts, "scopes" | "policies">,
): EcrHandler<"GetRegistryPolicy"> {
  return async (call) => {
    const registry = registryOf(call, {});
    await call.authorize("*");
    const policyText = await get(ports, await ports.scopes.open(registry));
    return { registryId: registry.account, policyText };
  };
}
