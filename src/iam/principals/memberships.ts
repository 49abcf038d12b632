import { noSuch, quotaExceeded } from "./errors.ts";
import { requireEntity } from "./find-entity.ts";
import { LIMITS } from "./limits.ts";
import type { IdentityChange } from "./ports/index.ts";

/** Puts a user into a group, whose policies are then the user's as well. Once more does nothing. */
export async function addUserToGroup(
  change: IdentityChange,
  groupName: string,
  userName: string,
): Promise<void> {
  const group = await requireEntity(change, "group", groupName);
  const user = await requireEntity(change, "user", userName);
  const { items } = await change.listGroupsOf(user.id, { after: "", limit: LIMITS.groupsPerUser });
  if (items.some(({ id }) => id === group.id)) return;
  if (items.length >= LIMITS.groupsPerUser) throw quotaExceeded("GroupsPerUser", LIMITS.groupsPerUser);
  await change.addMember(group.id, user.id);
}

/** @throws IamError NoSuchEntityException when the user is not in the group */
export async function removeUserFromGroup(
  change: IdentityChange,
  groupName: string,
  userName: string,
): Promise<void> {
  const group = await requireEntity(change, "group", groupName);
  const user = await requireEntity(change, "user", userName);
  if (await change.removeMember(group.id, user.id)) return;
  throw noSuch(`The user with name ${userName} cannot be found in the group with name ${groupName}.`);
}
