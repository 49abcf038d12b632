import type { Database } from "../../src/adapters/postgres/database.ts";
import { rowsOf } from "./rows.ts";

/** How many tasks each queue of the collector has. */
export async function queueDepths(owner: { readonly database: Database }): Promise<Record<string, number>> {
  const rows = await rowsOf<{ queue: string; depth: number }>(
    owner,
    `SELECT 'links' AS queue, count(*)::integer AS depth FROM gc_link_queue
      UNION ALL SELECT 'blobs', count(*) FROM gc_blob_queue
      UNION ALL SELECT 'manifests', count(*) FROM gc_manifest_queue
      UNION ALL SELECT 'objects', count(*) FROM object_deletions
      UNION ALL SELECT 'uploads', count(*) FROM uploads`,
  );
  return Object.fromEntries(rows.map(({ queue, depth }) => [queue, Number(depth)]));
}
