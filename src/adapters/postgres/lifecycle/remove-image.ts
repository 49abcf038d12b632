import type { ClaimedPolicy, ImageRemoval, ImageRemovalOutcome } from "../../../lifecycle/ports/run-store.ts";
import type { Database } from "../database.ts";
import { brokenForeignKey } from "../errors.ts";
import { type Locked, removeLocked, typesOf } from "../manifests/delete.ts";
import type { Transaction } from "../transaction.ts";

// The repository first, as everybody takes them.
const HOLD_RUN = {
  name: "lifecycle_hold_run",
  text: `SELECT 1 FROM repositories r JOIN lifecycle_policies p ON p.repository_id = r.id
    WHERE r.id = $1 AND r.deleted_at IS NULL AND p.run_id = $2 FOR KEY SHARE OF r FOR SHARE OF p`,
};
const LOCK = {
  name: "lifecycle_lock_image",
  text: `SELECT m.repository_id, m.id, m.subject_digest, ${typesOf("m")} AS types FROM manifests m
    WHERE m.repository_id = $1 AND m.id = $2 AND m.pushed_at = $3 FOR UPDATE`,
};
const HAS_DIGEST = {
  name: "lifecycle_has_digest",
  text: "SELECT 1 FROM manifests WHERE repository_id = $1 AND digest = $2",
};

/** Undoes what the transaction has done, because the image has other tags than the snapshot says. */
class OtherTags extends Error {}

/**
 * Deletes an image for a run, by the code by which everybody deletes manifests. Who may meet: this and a push that tags the
 * manifest or moves a tag away, an index that lists it, a change of the policy, the repository's deletion. Whoever has
 * committed before the lock on the manifest (or on its run) wins, and the image stays. A push that comes later finds no
 * manifest, and stores it anew.
 */
export async function removeImage(
  database: Database,
  claimed: ClaimedPolicy,
  removal: ImageRemoval,
): Promise<ImageRemovalOutcome> {
  try {
    return await database.transaction((tx) => remove(tx, claimed, removal));
  } catch (error) {
    if (error instanceof OtherTags) return "changed";
    if (brokenForeignKey(error) !== undefined) return "referenced";
    throw error;
  }
}

async function remove(
  tx: Transaction,
  { runId, repositoryId, scope, name }: ClaimedPolicy,
  { image, unit, cause, at }: ImageRemoval,
): Promise<ImageRemovalOutcome> {
  if ((await tx.query(HOLD_RUN, [repositoryId, runId])).length === 0) return "run ended";
  const { id, digest, tags, pushedAt } = image;
  const [locked] = await tx.query<Locked & { subject_digest: Buffer | null }>(LOCK, [
    ...[repositoryId, id, new Date(pushedAt)],
  ]);
  if (locked === undefined) return "changed";
  const { subject_digest: subject } = locked;
  if (unit === "image" && subject !== null) {
    if ((await tx.query(HAS_DIGEST, [repositoryId, subject])).length > 0) return "referenced";
  }
  const because = { cause, at, registryId: scope.id, repository: name };
  const removal = await removeLocked(tx, { ...locked, digest }, because);
  if ("listedBy" in removal) return "referenced";
  if (removal.removed.tags.join(" ") !== tags.join(" ")) throw new OtherTags();
  return "removed";
}
