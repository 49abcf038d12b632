import { iamArn } from "./arns.ts";
import { requirePolicyArn } from "./attachments.ts";
import { AwsPolicies, requirePolicy, versionsOf } from "./aws-policies.ts";
import { requireManagedPolicy } from "./documents.ts";
import { alreadyExists, deleteConflict, IamError, noSuch, quotaExceeded } from "./errors.ts";
import { LIMITS } from "./limits.ts";
import {
  type ManagedPolicy,
  type PolicyId,
  type PolicyVersion,
  parseVersionName,
  versionName,
} from "./managed-policy.ts";
import { requireName, requirePath } from "./names.ts";
import type { IdentityChange, IdentityReader } from "./ports/index.ts";
import { mergeTags, type Tag, tagsOf, withoutTags } from "./tags.ts";
import { newUniqueId } from "./unique-ids.ts";

const TAGS_QUOTA = "TagsPerPolicy";

export interface PolicyInput {
  readonly account: string;
  readonly name: string;
  readonly path: string | undefined;
  readonly description: string | undefined;
  readonly document: string;
  readonly tags: readonly Tag[] | undefined;
}

export async function createPolicy(
  change: IdentityChange,
  aws: AwsPolicies,
  { account, name, path = "/", description, document, tags }: PolicyInput,
  at: Date,
): Promise<ManagedPolicy> {
  requireName("policy", name);
  requirePath(path);
  requireManagedPolicy(document);
  const record = tagsOf(tags, TAGS_QUOTA);
  // Names are unique in the account, whatever the path.
  if (await change.hasPolicyNamed(name)) {
    throw alreadyExists(`A policy called ${name} already exists. Duplicate names are not allowed.`);
  }
  if ((await change.countPolicies()) >= LIMITS.policies)
    throw quotaExceeded("PoliciesPerAccount", LIMITS.policies);
  const uniqueId = newUniqueId("policy");
  await change.insertPolicy({ uniqueId, path, name, description, tags: record, document, createdAt: at });
  return requirePolicy(change, aws, account, iamArn({ account, kind: "policy", path, name }));
}

/** @throws IamError LimitExceededException when it has five versions already */
export async function createPolicyVersion(
  change: IdentityChange,
  account: string,
  arn: string,
  { document, isDefault }: { readonly document: string; readonly isDefault: boolean },
  at: Date,
): Promise<PolicyVersion> {
  const { id } = await requireOwn(change, account, arn);
  requireManagedPolicy(document);
  if ((await change.listVersions(id)).length >= LIMITS.policyVersions) {
    throw new IamError(
      "LimitExceededException",
      `A managed policy can have up to ${LIMITS.policyVersions} versions. Before you create a new version, you must delete an existing version.`,
    );
  }
  return change.insertVersion(id, document, isDefault, at);
}

export async function requireVersion(
  reader: IdentityReader,
  aws: AwsPolicies,
  account: string,
  arn: string,
  name: string,
): Promise<PolicyVersion> {
  requirePolicyArn(arn);
  const policy = await requirePolicy(reader, aws, account, arn);
  return requireVersionNamed(await versionsOf(reader, aws, policy), arn, name);
}

export async function setDefaultVersion(
  change: IdentityChange,
  account: string,
  arn: string,
  name: string,
  at: Date,
): Promise<void> {
  const { id } = await requireOwn(change, account, arn);
  const { version } = requireVersionNamed(await change.listVersions(id), arn, name);
  await change.setDefaultVersion(id, version, at);
}

export async function deletePolicyVersion(
  change: IdentityChange,
  account: string,
  arn: string,
  name: string,
): Promise<void> {
  const { id } = await requireOwn(change, account, arn);
  const { version, isDefault } = requireVersionNamed(await change.listVersions(id), arn, name);
  if (isDefault) throw deleteConflict("Cannot delete the default version of a policy.");
  await change.deleteVersion(id, version);
}

/** @throws IamError DeleteConflictException while anything uses it or it has versions beside the default one */
export async function deletePolicy(change: IdentityChange, account: string, arn: string): Promise<void> {
  const { id } = await requireOwn(change, account, arn);
  const uses = await change.countUses(arn);
  if (uses.attachments + uses.boundaries > 0)
    throw deleteConflict("Cannot delete a policy attached to entities.");
  if ((await change.listVersions(id)).length > 1) {
    throw deleteConflict(
      "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.",
    );
  }
  await change.deletePolicy(id);
}

export async function tagPolicy(
  change: IdentityChange,
  account: string,
  arn: string,
  list: readonly Tag[],
): Promise<void> {
  const { id, tags } = await requireOwn(change, account, arn);
  await change.setPolicyTags(id, mergeTags(tags, list, TAGS_QUOTA));
}

export async function untagPolicy(
  change: IdentityChange,
  account: string,
  arn: string,
  keys: readonly string[],
): Promise<void> {
  const { id, tags } = await requireOwn(change, account, arn);
  await change.setPolicyTags(id, withoutTags(tags, keys));
}

/** A policy that its account may change. AWS's own belong to nobody here. */
async function requireOwn(
  change: IdentityChange,
  account: string,
  arn: string,
): Promise<ManagedPolicy & { readonly id: PolicyId }> {
  requirePolicyArn(arn);
  if (arn.startsWith("arn:aws:iam::aws:")) {
    throw new IamError("AccessDeniedException", `The policy ${arn} belongs to AWS and cannot be changed.`);
  }
  const policy = await requirePolicy(change, NO_AWS_POLICIES, account, arn);
  if (policy.id === undefined) throw noSuch(`Policy ${arn} was not found.`);
  return { ...policy, id: policy.id };
}

const NO_AWS_POLICIES = new AwsPolicies([]);

function requireVersionNamed(versions: readonly PolicyVersion[], arn: string, name: string): PolicyVersion {
  const number = parseVersionName(name);
  const found = versions.find(({ version }) => version === number);
  if (found !== undefined) return found;
  throw noSuch(
    `Policy ${arn} version ${number === undefined ? name : versionName(number)} does not exist or is not attachable.`,
  );
}
