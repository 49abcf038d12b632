import type { SimulatePrincipalPolicyRequest } from "../../../../aws-models/iam.types.ts";
import type { AttachedPolicy } from "../../../../iam/policy/access.ts";
import { iamArn } from "../../../../iam/principals/arns.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOn } from "../authorize.ts";
import { findPolicySource } from "../policy-source.ts";
import type { IamPorts } from "../ports.ts";
import { runSimulation } from "../run-simulation.ts";
import { readCaller, readContext } from "../simulation-input.ts";
import { sourceContext } from "../source-context.ts";

export function simulatePrincipalPolicy(
  ports: Pick<IamPorts, "identity" | "policies" | "tokens" | "decider">,
): IamHandler<"SimulatePrincipalPolicy"> {
  return async (call, input) => {
    await authorizeOn(call, input.PolicySourceArn);
    const source = await findPolicySource(ports, call, input.PolicySourceArn);
    const { entity, policies } = source;
    const own = entity.kind === "group" ? undefined : iamArn(entity);
    const caller = readCaller(input.CallerArn ?? own);
    const context = new Map([...sourceContext(source), ...readContext(input.ContextEntries)]);
    const isLeft = notExcluded(input.PolicyExclusionList);
    return runSimulation(ports, call, input, {
      ...{ caller, context, identity: policies.identity.filter(isLeft) },
      boundary: excludesBoundary(input.PolicyExclusionList) ? undefined : policies.boundary,
      texts: await ports.policies.texts({ account: entity.account, uniqueId: entity.uniqueId }),
    });
  };
}

type Exclusions = SimulatePrincipalPolicyRequest["PolicyExclusionList"];

/** Which policies of the source still take part. */
function notExcluded(exclusions: Exclusions): (policy: AttachedPolicy) => boolean {
  const excluded = (exclusions ?? []).map(({ PolicyArn, InlinePolicyIdentifier: inline, PolicyType }) => {
    if (PolicyArn !== undefined) return (label: string): boolean => label === PolicyArn;
    if (inline !== undefined) {
      const { PolicyName, AttachmentType, AttachmentName } = inline;
      const named = `inline policy ${PolicyName} of ${AttachmentType} ${AttachmentName}`;
      return (label: string): boolean => label === named;
    }
    if (PolicyType === "inline") return (label: string): boolean => !label.startsWith("arn:");
    if (PolicyType === "aws-managed")
      return (label: string): boolean => label.startsWith("arn:aws:iam::aws:");
    if (PolicyType !== "user-managed") return (): boolean => false;
    return (label: string): boolean => /^arn:aws:iam::\d/.test(label);
  });
  return ({ label }) => !excluded.some((matches) => matches(label));
}

function excludesBoundary(exclusions: Exclusions): boolean {
  return (exclusions ?? []).some(({ PolicyType }) => PolicyType === "permission-boundary");
}
