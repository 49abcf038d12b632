import { parseIamArn } from "./arns.ts";
import { type AwsPolicies, findPolicyByArn } from "./aws-policies.ts";
import { capitalised, type EntityKind } from "./entity.ts";
import { invalidInput, noSuch, quotaExceeded } from "./errors.ts";
import { requireEntity } from "./find-entity.ts";
import { LIMITS } from "./limits.ts";
import type { IdentityChange } from "./ports/index.ts";

/** Attaches a managed policy of the account, or one of AWS's. Once more does nothing. */
export async function attachPolicy(
  change: IdentityChange,
  aws: AwsPolicies,
  kind: EntityKind,
  name: string,
  arn: string,
): Promise<void> {
  requirePolicyArn(arn);
  const entity = await requireEntity(change, kind, name);
  const policy = await findPolicyByArn(change, aws, entity.account, arn);
  if (policy === undefined) throw noSuch(`Policy ${arn} does not exist or is not attachable.`);
  const attached = await change.listAttachedPolicies(entity.id);
  if (attached.includes(arn)) return;
  if (attached.length >= LIMITS.attachments) {
    throw quotaExceeded(`PoliciesPer${capitalised(kind)}`, LIMITS.attachments);
  }
  await change.attachPolicy(entity.id, arn, policy.id);
}

/** @throws IamError NoSuchEntityException when it was not attached */
export async function detachPolicy(
  change: IdentityChange,
  kind: EntityKind,
  name: string,
  arn: string,
): Promise<void> {
  requirePolicyArn(arn);
  const entity = await requireEntity(change, kind, name);
  if (await change.detachPolicy(entity.id, arn)) return;
  throw noSuch(`Policy ${arn} was not found.`);
}

/** @throws IamError InvalidInputException */
export function requirePolicyArn(arn: string): void {
  if (parseIamArn(arn)?.kind !== "policy") throw invalidInput(`ARN ${arn} is not valid.`);
}
