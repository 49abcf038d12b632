import type { BegunPreview } from "../../../lifecycle/ports/preview-store.ts";
import type { Database } from "../database.ts";

/** Images, and blobs, that one statement looks at. */
const SLICE = 500;

// OFFSET 0: that there is a blob would lead to the index of all entries of the repository that have one.
const BLOBS = {
  name: "lifecycle_preview_blobs",
  text: `SELECT DISTINCT e.blob_id FROM lifecycle_preview_results p, LATERAL (
      SELECT blob_id FROM manifest_blobs b WHERE b.repository_id = p.repository_id AND b.manifest_id = p.manifest_id
      UNION ALL
      SELECT blob_id FROM manifest_children c WHERE c.repository_id = p.repository_id AND c.manifest_id = p.manifest_id
      OFFSET 0) AS e
    WHERE p.repository_id = $1 AND p.preview_id = $2 AND p.position >= $3 AND p.position < $3 + ${SLICE}
      AND p.action = 'expire' AND e.blob_id IS NOT NULL`,
};

/** SQL: a reference from `table` to the blob `b` that stays when the images of the preview have gone. */
function staysIn(table: string): string {
  return `EXISTS (SELECT 1 FROM repository_blobs l
      JOIN ${table} e ON e.repository_id = l.repository_id AND e.blob_id = l.blob_id
      WHERE l.blob_id = b.id AND NOT (e.repository_id = $1 AND EXISTS (
        SELECT 1 FROM lifecycle_preview_results p WHERE p.repository_id = $1 AND p.preview_id = $2
          AND p.manifest_id = e.manifest_id AND p.action = 'expire')))`;
}

const SIZE = {
  name: "lifecycle_preview_size",
  text: `SELECT coalesce(sum(b.size), 0)::double precision AS bytes FROM blobs b
    WHERE b.id = ANY ($3) AND NOT ${staysIn("manifest_blobs")} AND NOT ${staysIn("manifest_children")}`,
};

/** Bytes of blobs that the expiring images of a preview name, and no other manifest of the registry does. */
export async function bytesBack(
  database: Database,
  { repositoryId, previewId }: BegunPreview,
  results: number,
): Promise<number> {
  const key = [repositoryId, previewId];
  const seen = new Set<number>();
  let bytes = 0;
  for (let from = 0; from < results; from += SLICE) {
    const named = await database.run<{ blob_id: number }>(BLOBS, [...key, from]);
    const blobs = named.map(({ blob_id }) => blob_id).filter((id) => !seen.has(id));
    for (const id of blobs) seen.add(id);
    for (let at = 0; at < blobs.length; at += SLICE) {
      const [row] = await database.run<{ bytes: number }>(SIZE, [...key, blobs.slice(at, at + SLICE)]);
      bytes += row?.bytes ?? 0;
    }
  }
  return bytes;
}
