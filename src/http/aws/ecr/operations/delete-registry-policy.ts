import { deleteRegistryPolicy as remove } from "../../../../registry/repositories/policies.ts";
import type { EcrHandler } from "../../call.ts";
import type { EcrPorts } from "../ports.ts";
import { registryOf } from "../registry.ts";

/** Answers with the policy that was deleted. */
export function deleteRegistryPolicy(
  ports: Pick<EcrPorts, "scopes" | "policies" | "clock">,
): EcrHandler<"DeleteRegistryPolicy"> {
  return async (call) => {
    const registry = registryOf(call, {});
    await call.authorize("*");
    const policyText = await remove(ports, await ports.scopes.open(registry), call.cause());
    return { registryId: registry.account, policyText };
  };
}
