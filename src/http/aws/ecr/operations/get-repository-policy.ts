import { parseRepositoryName } from "../../../../registry/names.ts";
import type { EcrHandler } from "../../call.ts";
import { repositoryNotFound, repositoryPolicyNotFound } from "../errors.ts";
import type { EcrPorts } from "../ports.ts";
import { authorizeOnRepository, registryOf } from "../registry.ts";

export function getRepositoryPolicy({
  repositoryPolicies,
}: Pick<EcrPorts, "repositoryPolicies">): EcrHandler<"GetRepositoryPolicy"> {
  return async (call, input) => {
    const registry = registryOf(call, input);
    const name = parseRepositoryName(input.repositoryName);
    await authorizeOnRepository(call, "ecr.GetRepositoryPolicy", registry, name);
    const policy = await repositoryPolicies.get(registry, name);
    if (policy === "unknown") throw repositoryNotFound(registry, name);
    if (policy.text === undefined) throw repositoryPolicyNotFound(registry, name);
    return { registryId: registry.account, repositoryName: name, policyText: policy.text };
  };
}
