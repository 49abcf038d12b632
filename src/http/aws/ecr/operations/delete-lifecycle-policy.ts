import { deleteLifecyclePolicy as remove } from "../../../../lifecycle/policies.ts";
import { parseRepositoryName } from "../../../../registry/names.ts";
import type { EcrHandler } from "../../call.ts";
import type { EcrPorts } from "../ports.ts";
import { presentLifecyclePolicy } from "../present-lifecycle-policy.ts";
import { arnIn, registryOf } from "../registry.ts";

/** Answers with the policy that was deleted. */
export function deleteLifecyclePolicy(
  ports: Pick<EcrPorts, "scopes" | "lifecyclePolicies" | "clock">,
): EcrHandler<"DeleteLifecyclePolicy"> {
  return async (call, input) => {
    const registry = registryOf(call, input);
    const name = parseRepositoryName(input.repositoryName);
    await call.authorize(arnIn(registry, name));
    const policy = await remove(ports, await ports.scopes.open(registry), name, call.cause());
    return presentLifecyclePolicy(registry, name, policy);
  };
}
