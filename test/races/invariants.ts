import { stat } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import type { TestBerth } from "../support/berth.ts";
import { rowsOf } from "../support/rows.ts";

/** What no interleaving may leave behind, each as a query that finds the offenders. */
const BROKEN: Readonly<Record<string, string>> = {
  "an edge to a blob that the repository does not have": `SELECT e.* FROM (
      SELECT repository_id, manifest_id, blob_id FROM manifest_blobs
      UNION ALL SELECT repository_id, manifest_id, blob_id FROM manifest_children) AS e
    WHERE e.blob_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM repository_blobs l
      WHERE l.repository_id = e.repository_id AND l.blob_id = e.blob_id)`,
  "an edge to a manifest that is not there": `SELECT e.* FROM manifest_children e
    WHERE e.child_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM manifests m
      WHERE m.repository_id = e.repository_id AND m.id = e.child_id)`,
  "an edge that waits for a blob which is there": `SELECT e.* FROM (
      SELECT repository_id, digest FROM manifest_blobs WHERE blob_id IS NULL
      UNION ALL SELECT repository_id, digest FROM manifest_children WHERE blob_id IS NULL AND child_id IS NULL) AS e
    JOIN blobs b ON b.digest = e.digest
    JOIN repository_blobs l ON l.repository_id = e.repository_id AND l.blob_id = b.id`,
  "an edge that waits for a manifest which is there": `SELECT e.* FROM manifest_children e
    JOIN manifests m ON m.repository_id = e.repository_id AND m.digest = e.digest
    WHERE e.child_id IS NULL AND e.blob_id IS NULL`,
  "a tag of a manifest that is not there": `SELECT t.* FROM tags t WHERE NOT EXISTS (
      SELECT 1 FROM manifests m WHERE m.repository_id = t.repository_id AND m.id = t.manifest_id)`,
  "a tag that is not what its history ends with": `SELECT t.name, t.revision, h.revision FROM tags t
    JOIN manifests m ON m.repository_id = t.repository_id AND m.id = t.manifest_id
    LEFT JOIN LATERAL (SELECT revision, digest FROM tag_history
      WHERE repository_id = t.repository_id AND name = t.name ORDER BY revision DESC LIMIT 1) AS h ON true
    WHERE h.revision IS DISTINCT FROM t.revision OR h.digest IS DISTINCT FROM m.digest`,
  "a tag that its history ended": `SELECT h.name FROM (
      SELECT DISTINCT ON (repository_id, name) * FROM tag_history ORDER BY repository_id, name, revision DESC) AS h
    LEFT JOIN tags t ON t.repository_id = h.repository_id AND t.name = h.name
    JOIN repositories r ON r.id = h.repository_id AND r.deleted_at IS NULL
    WHERE (h.digest IS NULL) <> (t.name IS NULL)`,
  "a linked blob without an object": `SELECT l.* FROM repository_blobs l
    WHERE NOT EXISTS (SELECT 1 FROM objects o WHERE o.blob_id = l.blob_id AND o.state = 'present')`,
  "a blob with two objects": "SELECT blob_id FROM objects GROUP BY blob_id HAVING count(*) > 1",
  "an object whose key is queued for deletion":
    "SELECT * FROM objects JOIN object_deletions USING (store, key)",
  "a session whose content is queued for deletion": `SELECT u.id FROM uploads u
    JOIN object_deletions d ON d.key = u.content->>'key' OR d.key = u.attempt_key`,
  "a link that nothing names and nobody will review": `SELECT l.* FROM repository_blobs l
    JOIN repositories r ON r.id = l.repository_id AND r.deleted_at IS NULL
    WHERE NOT EXISTS (SELECT 1 FROM manifest_blobs e WHERE e.repository_id = l.repository_id AND e.blob_id = l.blob_id)
      AND NOT EXISTS (SELECT 1 FROM manifest_children e WHERE e.repository_id = l.repository_id AND e.blob_id = l.blob_id)
      AND NOT EXISTS (SELECT 1 FROM gc_link_queue q WHERE q.repository_id = l.repository_id AND q.blob_id = l.blob_id)`,
  "a blob that nobody has and nobody will review": `SELECT b.id FROM blobs b
    WHERE NOT EXISTS (SELECT 1 FROM repository_blobs l WHERE l.blob_id = b.id)
      AND NOT EXISTS (SELECT 1 FROM gc_blob_queue q WHERE q.blob_id = b.id)`,
  "a manifest without tag and parent that nobody will review": `SELECT m.id FROM manifests m
    JOIN repositories r ON r.id = m.repository_id AND r.deleted_at IS NULL
    WHERE NOT EXISTS (SELECT 1 FROM tags t WHERE t.repository_id = m.repository_id AND t.manifest_id = m.id)
      AND NOT EXISTS (SELECT 1 FROM manifest_children c WHERE c.repository_id = m.repository_id AND c.child_id = m.id)
      AND NOT EXISTS (SELECT 1 FROM gc_manifest_queue q WHERE q.repository_id = m.repository_id AND q.manifest_id = m.id)`,
};

/** Fails with whatever is broken in the database, or differs between it and the files. */
export async function expectSound(berth: Pick<TestBerth, "database" | "dataDir">): Promise<void> {
  for (const [what, text] of Object.entries(BROKEN)) expect(await rowsOf(berth, text), what).toEqual([]);
  const objects = await rowsOf<{ key: string; size: number }>(
    berth,
    "SELECT o.key, b.size FROM objects o JOIN blobs b ON b.id = o.blob_id WHERE o.state = 'present'",
  );
  for (const { key, size } of objects) {
    expect((await stat(join(berth.dataDir, "blobs", key))).size, `the file of ${key}`).toBe(size);
  }
}
