import { parseRepositoryName } from "../../../../registry/names.ts";
import type { EcrHandler } from "../../call.ts";
import { repositoryNotFound, repositoryPolicyNotFound } from "../errors.ts";
import type { EcrPorts } from "../ports.ts";
import { authorizeOnRepository, registryOf } from "../registry.ts";

/** Answers with the policy that was deleted. */
export function deleteRepositoryPolicy({
  repositoryPolicies,
}: Pick<EcrPorts, "repositoryPolicies">): EcrHandler<"DeleteRepositoryPolicy"> {
  return async (call, input) => {
    const registry = registryOf(call, input);
    const name = parseRepositoryName(input.repositoryName);
    await authorizeOnRepository(call, "ecr.DeleteRepositoryPolicy", registry, name);
    const policy = await repositoryPolicies.delete(registry, name, call.cause(), call.clock.now());
    if (policy === "unknown") throw repositoryNotFound(registry, name);
    if (policy.text === undefined) throw repositoryPolicyNotFound(registry, name);
    return { registryId: registry.account, repositoryName: name, policyText: policy.text };
  };
}
