import { iamArn } from "./arns.ts";
import type { AwsPolicies } from "./aws-policies.ts";
import { nameTaken, requireBoundary } from "./create-entities.ts";
import type { Role, User } from "./entity.ts";
import { noSuch } from "./errors.ts";
import { requireEntity } from "./find-entity.ts";
import { followRenaming, forgetName } from "./follow-principals.ts";
import { requireName, requirePath } from "./names.ts";
import type { EntityChange, IdentityChange } from "./ports/index.ts";
import { mergeTags, type Tag, withoutTags } from "./tags.ts";
import { requireTrustPolicy } from "./trust-policies.ts";
import { writtenPolicy } from "./written-policy.ts";

/** Gives a user or group another name or path; its id, keys, memberships and policies stay, and policies name it on. */
export async function renameEntity(
  change: IdentityChange,
  kind: "user" | "group",
  name: string,
  wanted: { readonly name: string | undefined; readonly path: string | undefined },
): Promise<void> {
  const entity = await requireEntity(change, kind, name);
  if (wanted.name !== undefined) {
    requireName(kind, wanted.name);
    const holder = await change.findEntity(kind, wanted.name);
    // The same name in another letter case is the entity itself.
    if (holder !== undefined && holder.id !== entity.id) throw nameTaken(kind, wanted.name);
  }
  if (wanted.path !== undefined) requirePath(wanted.path);
  const { name: newName = entity.name, path = entity.path } = wanted;
  const [arn, next] = [iamArn(entity), iamArn({ ...entity, name: newName, path })];
  if (next !== arn) await forgetName(change, next);
  await change.changeEntity(entity.id, { name: newName, path });
  if (kind === "user") await followRenaming(change, arn, next);
}

export async function changeRole(
  change: IdentityChange,
  name: string,
  wanted: Pick<EntityChange, "description" | "maxSessionDuration" | "trustPolicy">,
): Promise<Role> {
  const role = await requireEntity(change, "role", name);
  const { trustPolicy } = wanted;
  if (trustPolicy !== undefined) await requireTrustPolicy(change, trustPolicy);
  const written = trustPolicy === undefined ? {} : { trustPolicy: writtenPolicy(trustPolicy) };
  await change.changeEntity(role.id, { ...wanted, ...written });
  return requireEntity(change, "role", name);
}

/** `arn` of undefined takes the boundary away. @throws IamError NoSuchEntityException when there is none to take */
export async function setBoundary(
  change: IdentityChange,
  aws: AwsPolicies,
  kind: "user" | "role",
  name: string,
  arn: string | undefined,
): Promise<void> {
  const entity: User | Role = await requireEntity(change, kind, name);
  await requireBoundary(change, aws, entity.account, arn);
  if (arn === undefined && entity.boundary === undefined) {
    throw noSuch(`The ${kind} with name ${name} does not have a permissions boundary.`);
  }
  await change.changeEntity(entity.id, { boundary: arn ?? null });
}

export async function tagEntity(
  change: IdentityChange,
  kind: "user" | "role",
  name: string,
  tags: readonly Tag[],
): Promise<void> {
  const entity: User | Role = await requireEntity(change, kind, name);
  const quota = kind === "user" ? "TagsPerUser" : "TagsPerRole";
  await change.changeEntity(entity.id, { tags: mergeTags(entity.tags, tags, quota) });
}

export async function untagEntity(
  change: IdentityChange,
  kind: "user" | "role",
  name: string,
  keys: readonly string[],
): Promise<void> {
  const entity: User | Role = await requireEntity(change, kind, name);
  await change.changeEntity(entity.id, { tags: withoutTags(entity.tags, keys) });
}
