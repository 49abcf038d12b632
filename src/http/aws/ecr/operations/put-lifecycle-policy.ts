import { putLifecyclePolicy as put } from "../../../../lifecycle/policies.ts";
import { parseRepositoryName } from "../../../../registry/names.ts";
import type { EcrHandler } from "../../call.ts";
import type { EcrPorts } from "../ports.ts";
import { arnIn, registryOf } from "../registry.ts";

/** Replaces the whole policy. */
export function putLifecyclePolicy(
  ports: Pick<EcrPorts, "scopes" | "lifecyclePolicies" | "clock">,
): EcrHandler<"PutLifecyclePolicy"> {
  return async (call, input) => {
    const { lifecyclePolicyText } = input;
    const registry = registryOf(call, input);
    const name = parseRepositoryName(input.repositoryName);
    await call.authorize(arnIn(registry, name));
    await put(ports, await ports.scopes.open(registry), name, lifecyclePolicyText, call.cause());
    return { registryId: registry.account, repositoryName: name, lifecyclePolicyText };
  };
}
