import type { AttachedPolicy } from "../../../iam/policy/access.ts";
import { iamArn, parseIamArn } from "../../../iam/principals/arns.ts";
import type { Entity } from "../../../iam/principals/entity.ts";
import type { PrincipalPolicies } from "../../../iam/principals/principal-policies.ts";
import { AwsError } from "../aws-error.ts";
import type { AwsCall } from "../call.ts";
import type { IamPorts } from "./ports.ts";
import { invalid } from "./simulation-input.ts";

/** A user, group or role whose policies are simulated. */
export interface PolicySource {
  readonly entity: Entity;
  readonly policies: PrincipalPolicies;
}

/** @throws AwsError NoSuchEntityException, or InvalidInputException for an ARN that has no policies */
export async function findPolicySource(
  { identity, policies }: Pick<IamPorts, "identity" | "policies">,
  call: AwsCall,
  arn: string,
): Promise<PolicySource> {
  const parts = parseIamArn(arn);
  if (parts === undefined || parts.kind === "policy") {
    throw invalid(`Invalid PolicySourceArn: ${arn} is not the ARN of a user, group or role`);
  }
  const { account } = call;
  const found =
    parts.account === account && (await identity.reader(account).findEntity(parts.kind, parts.name));
  if (found && iamArn(found) === arn) {
    const subject = { account, uniqueId: found.uniqueId, accessKeyId: undefined };
    const loaded = await policies.load(subject, call.clock.now());
    if (loaded !== undefined) return { entity: found, policies: loaded };
  }
  throw new AwsError("NoSuchEntityException", `The ${parts.kind} with name ${parts.name} cannot be found.`);
}

/** Documents of the source: what it has, and its boundary. */
export function documentsOf({ policies }: PolicySource): readonly AttachedPolicy[] {
  return [...policies.identity, ...(policies.boundary === undefined ? [] : [policies.boundary])];
}
