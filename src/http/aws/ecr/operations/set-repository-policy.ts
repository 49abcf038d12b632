import type { RequestContext } from "../../../../iam/authorizer.ts";
import { parseRepositoryName } from "../../../../registry/names.ts";
import { type AwsError, invalidParameter } from "../../aws-error.ts";
import type { AwsCall, EcrHandler } from "../../call.ts";
import { repositoryNotFound } from "../errors.ts";
import type { EcrPorts } from "../ports.ts";
import { arnIn, authorizeOnRepository, registryOf } from "../registry.ts";

/** Replaces the whole policy. One that locks its own author out is refused unless `force` is set. */
export function setRepositoryPolicy({
  repositoryPolicies,
  policyRules,
}: Pick<EcrPorts, "repositoryPolicies" | "policyRules">): EcrHandler<"SetRepositoryPolicy"> {
  return async (call, input) => {
    const { policyText } = input;
    const registry = registryOf(call, input);
    const name = parseRepositoryName(input.repositoryName);
    const arn = arnIn(registry, name);
    await authorizeOnRepository(call, "ecr.SetRepositoryPolicy", registry, name);
    const problem = await policyRules.repositoryPolicyProblem(policyText, arn);
    if (problem !== undefined) throw invalidPolicy(problem);
    if (
      input.force !== true &&
      !(await policyRules.keepsAccess(call.principal, policyText, arn, contextOf(call)))
    ) {
      throw invalidPolicy("it would keep the caller from setting the policy again; force allows that");
    }
    const outcome = await repositoryPolicies.set(registry, name, policyText, call.cause(), call.clock.now());
    if (outcome === "unknown") throw repositoryNotFound(registry, name);
    return { registryId: registry.account, repositoryName: name, policyText };
  };
}

/** The call as it would be made again. */
function contextOf({ clientIp, secure, clock, userAgent }: AwsCall): RequestContext {
  return { sourceIp: clientIp, secureTransport: secure, time: clock.now(), userAgent };
}

/** Terraform waits for principals to appear when it reads the first words. */
function invalidPolicy(why: string): AwsError {
  return invalidParameter("PolicyText", `Invalid repository policy provided: ${why}`);
}
