import { parseRepositoryName } from "../../../../registry/names.ts";
import { setRepositoryPolicy as set } from "../../../../registry/repositories/policies.ts";
import type { EcrHandler } from "../../call.ts";
import type { EcrPorts } from "../ports.ts";
import { arnIn, registryOf } from "../registry.ts";

/** Replaces the whole policy. One that locks its own author out is refused unless `force` is set. */
export function setRepositoryPolicy(
  ports: Pick<EcrPorts, "scopes" | "policies" | "policyRules" | "lockOutRule" | "clock">,
): EcrHandler<"SetRepositoryPolicy"> {
  return async (call, input) => {
    const { policyText } = input;
    const registry = registryOf(call, input);
    const name = parseRepositoryName(input.repositoryName);
    await call.authorize(arnIn(registry, name));
    const keepsAccess = (): Promise<boolean> =>
      ports.lockOutRule.keepsAccess(call.principal, policyText, arnIn(registry, name), call.context);
    await set(ports, {
      ...{ scope: await ports.scopes.open(registry), name, text: policyText, cause: call.cause() },
      keepsAccess: input.force === true ? undefined : keepsAccess,
    });
    return { registryId: registry.account, repositoryName: name, policyText };
  };
}
