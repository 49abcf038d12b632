import { iamArn } from "./arns.ts";
import { type AwsPolicies, findPolicyByArn } from "./aws-policies.ts";
import { capitalised, type EntityKind, type EntityOf } from "./entity.ts";
import { alreadyExists, noSuch, quotaExceeded } from "./errors.ts";
import { requireEntity } from "./find-entity.ts";
import { forgetName } from "./follow-principals.ts";
import { ENTITY_QUOTAS } from "./limits.ts";
import { requireName, requirePath } from "./names.ts";
import type { IdentityChange, NewEntity } from "./ports/index.ts";
import { type Tag, tagsOf } from "./tags.ts";
import { requireTrustPolicy } from "./trust-policies.ts";
import { newUniqueId } from "./unique-ids.ts";
import { writtenPolicy } from "./written-policy.ts";

/** Seconds that a session of a role lasts at most, unless the role says more. */
const SESSION_DURATION = 3600;

export interface UserInput {
  readonly account: string;
  readonly name: string;
  readonly path: string | undefined;
  readonly boundary: string | undefined;
  readonly tags: readonly Tag[] | undefined;
}

export interface RoleInput extends UserInput {
  readonly trustPolicy: string;
  readonly description: string | undefined;
  readonly maxSessionDuration: number | undefined;
}

/** @throws IamError when the name is taken, the quota is used up, or the boundary does not exist */
export async function createUser(
  change: IdentityChange,
  aws: AwsPolicies,
  input: UserInput,
  at: Date,
): Promise<EntityOf<"user">> {
  const tags = tagsOf(input.tags, "TagsPerUser");
  await requireBoundary(change, aws, input.account, input.boundary);
  const { account, name, path = "/", boundary } = input;
  await forgetName(change, iamArn({ account, kind: "user", path, name }));
  return create(change, "user", { name, path, boundary, tags, createdAt: at });
}

export async function createGroup(
  change: IdentityChange,
  input: Pick<UserInput, "name" | "path">,
  at: Date,
): Promise<EntityOf<"group">> {
  return create(change, "group", { name: input.name, path: input.path ?? "/", createdAt: at });
}

/** @throws IamError MalformedPolicyDocumentException for a trust policy that makes no sense or names nobody */
export async function createRole(
  change: IdentityChange,
  aws: AwsPolicies,
  input: RoleInput,
  at: Date,
): Promise<EntityOf<"role">> {
  const tags = tagsOf(input.tags, "TagsPerRole");
  await requireTrustPolicy(change, input.trustPolicy);
  await requireBoundary(change, aws, input.account, input.boundary);
  const { account, name, path = "/", boundary, description } = input;
  await forgetName(change, iamArn({ account, kind: "role", path, name }));
  const trustPolicy = writtenPolicy(input.trustPolicy);
  const maxSessionDuration = input.maxSessionDuration ?? SESSION_DURATION;
  return create(change, "role", {
    ...{ name, path, boundary, tags, description, trustPolicy, maxSessionDuration, createdAt: at },
  });
}

/** @throws IamError NoSuchEntityException unless the policy may bound principals of the account */
export async function requireBoundary(
  change: IdentityChange,
  aws: AwsPolicies,
  account: string,
  arn: string | undefined,
): Promise<void> {
  if (arn === undefined || (await findPolicyByArn(change, aws, account, arn)) !== undefined) return;
  throw noSuch(`Scope ARN: ${arn} does not exist or is not attachable.`);
}

async function create<Kind extends EntityKind>(
  change: IdentityChange,
  kind: Kind,
  entity: Omit<NewEntity, "kind" | "uniqueId">,
): Promise<EntityOf<Kind>> {
  requireName(kind, entity.name);
  requirePath(entity.path);
  if ((await change.findEntity(kind, entity.name)) !== undefined) throw nameTaken(kind, entity.name);
  const { name: quota, limit } = ENTITY_QUOTAS[kind];
  if ((await change.countEntities(kind)) >= limit) throw quotaExceeded(quota, limit);
  await change.insertEntity({ ...entity, kind, uniqueId: newUniqueId(kind) });
  return requireEntity(change, kind, entity.name);
}

export function nameTaken(kind: EntityKind, name: string): Error {
  return alreadyExists(`${capitalised(kind)} with name ${name} already exists.`);
}
