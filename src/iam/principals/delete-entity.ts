import { iamArn } from "./arns.ts";
import type { EntityKind } from "./entity.ts";
import { deleteConflict } from "./errors.ts";
import { requireEntity } from "./find-entity.ts";
import { followDeletion } from "./follow-principals.ts";
import type { Holdings, IdentityChange } from "./ports/index.ts";

/** What must be taken away first, in the order in which AWS asks for it. */
const CONFLICTS: readonly (readonly [keyof Holdings, string])[] = [
  ["accessKeys", "Cannot delete entity, must delete access keys first."],
  ["mfaDevices", "Cannot delete entity, must delete MFA device first."],
  ["groups", "Cannot delete entity, must remove users from group first."],
  ["members", "Cannot delete entity, must remove users from group first."],
  ["instanceProfiles", "Cannot delete entity, must remove roles from instance profile first."],
  ["attachedPolicies", "Cannot delete entity, must detach all policies first."],
  ["inlinePolicies", "Cannot delete entity, must delete policies first."],
];

/**
 * Deletes an entity that holds nothing any more. Sessions of a role end with it, and policies that name it name
 * nobody else who comes by the name.
 * @throws IamError DeleteConflictException naming what it still holds
 */
export async function deleteEntity(change: IdentityChange, kind: EntityKind, name: string): Promise<void> {
  const entity = await requireEntity(change, kind, name);
  const holdings = await change.holdingsOf(entity.id);
  const conflict = CONFLICTS.find(([held]) => holdings[held] > 0);
  if (conflict !== undefined) throw deleteConflict(conflict[1]);
  await change.deleteEntity(entity.id);
  if (kind !== "group") await followDeletion(change, iamArn(entity), entity.uniqueId);
}
