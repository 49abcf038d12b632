import { alreadyExists, deleteConflict, noSuch, quotaExceeded } from "./errors.ts";
import { requireEntity } from "./find-entity.ts";
import { LIMITS } from "./limits.ts";
import { requireName, requirePath } from "./names.ts";
import type { IdentityChange, InstanceProfile, InstanceProfileReader } from "./ports/index.ts";
import { mergeTags, type Tag, tagsOf, withoutTags } from "./tags.ts";
import { newUniqueId } from "./unique-ids.ts";

const TAGS_QUOTA = "TagsPerInstanceProfile";

export interface InstanceProfileInput {
  readonly name: string;
  readonly path: string | undefined;
  readonly tags: readonly Tag[] | undefined;
}

/** @throws IamError when the name is taken or the quota is used up */
export async function createInstanceProfile(
  change: IdentityChange,
  { name, path = "/", tags: list }: InstanceProfileInput,
  createdAt: Date,
): Promise<InstanceProfile> {
  requireName("instanceProfile", name);
  requirePath(path);
  const tags = tagsOf(list, TAGS_QUOTA);
  if ((await change.findInstanceProfile(name)) !== undefined) {
    throw alreadyExists(`Instance Profile ${name} already exists.`);
  }
  if ((await change.countInstanceProfiles()) >= LIMITS.instanceProfiles) {
    throw quotaExceeded("InstanceProfilesPerAccount", LIMITS.instanceProfiles);
  }
  const uniqueId = newUniqueId("instanceProfile");
  await change.insertInstanceProfile({ uniqueId, path, name, tags, createdAt });
  return requireInstanceProfile(change, name);
}

/** @throws IamError NoSuchEntityException */
export async function requireInstanceProfile(
  reader: InstanceProfileReader,
  name: string,
): Promise<InstanceProfile> {
  const profile = await reader.findInstanceProfile(name);
  if (profile === undefined) throw noSuch(`Instance Profile ${name} cannot be found.`);
  return profile;
}

/** @throws IamError LimitExceededException for a profile that has a role, the same one too */
export async function addRoleToInstanceProfile(
  change: IdentityChange,
  name: string,
  roleName: string,
): Promise<void> {
  const profile = await requireInstanceProfile(change, name);
  const role = await requireEntity(change, "role", roleName);
  if (profile.role !== undefined) {
    throw quotaExceeded("InstanceSessionsPerInstanceProfile", LIMITS.rolesPerInstanceProfile);
  }
  await change.setInstanceProfileRole(profile.id, role.id);
}

/** @throws IamError NoSuchEntityException for a role that the profile does not have */
export async function removeRoleFromInstanceProfile(
  change: IdentityChange,
  name: string,
  roleName: string,
): Promise<void> {
  const profile = await requireInstanceProfile(change, name);
  const role = await requireEntity(change, "role", roleName);
  if (profile.role?.id !== role.id) {
    throw noSuch(`The role with name ${roleName} cannot be found in the instance profile ${name}.`);
  }
  await change.setInstanceProfileRole(profile.id, undefined);
}

/** @throws IamError DeleteConflictException while it has a role */
export async function deleteInstanceProfile(change: IdentityChange, name: string): Promise<void> {
  const profile = await requireInstanceProfile(change, name);
  if (profile.role !== undefined) {
    throw deleteConflict("Cannot delete entity, must remove roles from instance profile first.");
  }
  await change.deleteInstanceProfile(profile.id);
}

export async function tagInstanceProfile(
  change: IdentityChange,
  name: string,
  list: readonly Tag[],
): Promise<void> {
  const { id, tags } = await requireInstanceProfile(change, name);
  await change.setInstanceProfileTags(id, mergeTags(tags, list, TAGS_QUOTA));
}

export async function untagInstanceProfile(
  change: IdentityChange,
  name: string,
  keys: readonly string[],
): Promise<void> {
  const { id, tags } = await requireInstanceProfile(change, name);
  await change.setInstanceProfileTags(id, withoutTags(tags, keys));
}
