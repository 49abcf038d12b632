import type { Database } from "./database.ts";
import { tablesGoing } from "./repository-tables.ts";
import type { Transaction } from "./transaction.ts";

const FIND = {
  name: "purge_find",
  text: "SELECT id FROM repositories WHERE deleted_at IS NOT NULL ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED",
};

const SLICES = tablesGoing("in slices").map((table) => ({
  name: `purge_${table}`,
  text: `DELETE FROM ${table} WHERE ctid = ANY (ARRAY(
      SELECT ctid FROM ${table} WHERE repository_id = $1 LIMIT $2)) RETURNING 1`,
}));
// Sessions end through expiry, which knows what they hold in storage.
const AGE_UPLOADS = {
  name: "purge_age_uploads",
  text: "UPDATE uploads SET active_at = '-infinity', version = version + 1 WHERE repository_id = $1 RETURNING 1",
};
const DELETE_LAST = tablesGoing("last").map((table) => ({
  name: `purge_last_${table}`,
  text: `DELETE FROM ${table} WHERE repository_id = $1`,
}));
const DELETE = { name: "purge_repository", text: "DELETE FROM repositories WHERE id = $1 RETURNING 1" };

/** Removes up to `limit` rows of the oldest deleted repository, and at last its own. Returns rows removed. */
export function purgeDeletedRepository(database: Database, limit: number): Promise<number> {
  return database.transaction(async (tx) => {
    const [repository] = await tx.query<{ id: number }>(FIND, []);
    return repository === undefined ? 0 : purgeSlice(tx, repository.id, limit);
  });
}

async function purgeSlice(tx: Transaction, id: number, limit: number): Promise<number> {
  for (const slice of SLICES) {
    const removed = await tx.query(slice, [id, limit]);
    if (removed.length > 0) return removed.length;
  }
  const uploads = await tx.query(AGE_UPLOADS, [id]);
  if (uploads.length > 0) return 0;
  for (const last of DELETE_LAST) await tx.query(last, [id]);
  return (await tx.query(DELETE, [id])).length;
}
