import type { Transaction } from "./transaction.ts";

const QUEUE = {
  name: "object_deletion_queue",
  text: `INSERT INTO object_deletions (store, key, not_before)
    SELECT $1, key, $3 FROM unnest($2::text[]) AS key ON CONFLICT DO NOTHING`,
};

/** Queues keys that nothing needs any more. Keys are never reused, so a queued key can wait without danger. */
export async function queueDeletions(
  tx: Transaction,
  store: string,
  keys: readonly string[],
  notBefore: Date,
): Promise<void> {
  if (keys.length > 0) await tx.query(QUEUE, [store, keys, notBefore]);
}
