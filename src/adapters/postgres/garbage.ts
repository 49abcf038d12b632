import type { GarbageStore } from "../../registry/ports/index.ts";
import type { Database } from "./database.ts";
import { abandonedRepositories, discardRepository } from "./discard-repository.ts";
import { brokenForeignKey } from "./errors.ts";
import { purgeDeletedRepository } from "./purge-repository.ts";

const STAMP_LINKS = {
  name: "gc_stamp_links",
  text: `UPDATE gc_link_queue SET since = $1 WHERE (repository_id, blob_id) IN (
    SELECT repository_id, blob_id FROM gc_link_queue WHERE since IS NULL LIMIT $2 FOR UPDATE SKIP LOCKED)
    RETURNING 1`,
};
// Tasks whose link is gone or named by a manifest end here; the others are removed one at a time, see below. An EXISTS
// would be planned as a look at all links and all edges there are, where many tasks are expected.
const SETTLE_LINKS = {
  name: "gc_settle_links",
  text: `WITH due AS (
      SELECT repository_id, blob_id FROM gc_link_queue WHERE since <= $1
      ORDER BY since NULLS FIRST LIMIT $2 FOR UPDATE SKIP LOCKED),
    judged AS (
      SELECT d.*, (SELECT 1 FROM repository_blobs l
          WHERE l.repository_id = d.repository_id AND l.blob_id = d.blob_id LIMIT 1) IS NULL
        OR (SELECT 1 FROM manifest_blobs e
          WHERE e.repository_id = d.repository_id AND e.blob_id = d.blob_id LIMIT 1) IS NOT NULL
        OR (SELECT 1 FROM manifest_children e
          WHERE e.repository_id = d.repository_id AND e.blob_id = d.blob_id LIMIT 1) IS NOT NULL AS settled FROM due d),
    ended AS (
      DELETE FROM gc_link_queue q USING judged j
      WHERE j.settled AND q.repository_id = j.repository_id AND q.blob_id = j.blob_id)
    SELECT repository_id, blob_id, settled FROM judged`,
};
const LOCK_LINK = {
  name: "gc_lock_link",
  text: "SELECT 1 FROM repository_blobs WHERE repository_id = $1 AND blob_id = $2 FOR UPDATE",
};
const END_DUE_TASK = {
  name: "gc_end_due_task",
  text: "DELETE FROM gc_link_queue WHERE repository_id = $1 AND blob_id = $2 AND since <= $3 RETURNING 1",
};
const UNLINK = {
  name: "gc_unlink",
  text: "DELETE FROM repository_blobs WHERE repository_id = $1 AND blob_id = $2",
};
const TAKE_BLOBS = {
  name: "gc_take_blobs",
  text: "SELECT blob_id FROM gc_blob_queue ORDER BY blob_id LIMIT $1 FOR UPDATE SKIP LOCKED",
};
const LOCK_UNLINKED = {
  name: "gc_lock_unlinked_blobs",
  text: `SELECT b.id FROM blobs b WHERE b.id = ANY($1)
    AND NOT EXISTS (SELECT 1 FROM repository_blobs rb WHERE rb.blob_id = b.id) ORDER BY b.id FOR UPDATE`,
};
const STILL_UNLINKED = {
  name: "gc_still_unlinked_blobs",
  text: `SELECT id FROM unnest($1::bigint[]) AS id
    WHERE NOT EXISTS (SELECT 1 FROM repository_blobs rb WHERE rb.blob_id = id)`,
};
const QUEUE_OBJECTS = {
  name: "gc_queue_objects",
  text: `WITH gone AS (DELETE FROM objects WHERE blob_id = ANY($1) RETURNING store, key)
    INSERT INTO object_deletions (store, key, not_before) SELECT store, key, $2 FROM gone ON CONFLICT DO NOTHING`,
};
const DELETE_BLOBS = { name: "gc_delete_blobs", text: "DELETE FROM blobs WHERE id = ANY($1)" };
const END_BLOB_TASKS = {
  name: "gc_end_blob_tasks",
  text: "DELETE FROM gc_blob_queue WHERE blob_id = ANY($1)",
};
const TAKE_MANIFESTS = {
  name: "gc_take_manifests",
  text: `SELECT repository_id, manifest_id FROM gc_manifest_queue WHERE since IS NULL
    LIMIT $1 FOR UPDATE SKIP LOCKED`,
};
const JUDGE_MANIFESTS = {
  name: "gc_judge_manifests",
  text: `WITH judged AS (
      SELECT d.*, (SELECT 1 FROM tags t
          WHERE t.repository_id = d.repository_id AND t.manifest_id = d.manifest_id LIMIT 1) IS NOT NULL
        OR (SELECT 1 FROM manifest_children c
          WHERE c.repository_id = d.repository_id AND c.child_id = d.manifest_id LIMIT 1) IS NOT NULL AS referenced
        FROM unnest($2::bigint[], $3::bigint[]) AS d (repository_id, manifest_id)),
    forgotten AS (
      DELETE FROM gc_manifest_queue q USING judged j
      WHERE j.referenced AND q.repository_id = j.repository_id AND q.manifest_id = j.manifest_id),
    kept AS (
      UPDATE gc_manifest_queue q SET since = $1 FROM judged j
      WHERE NOT j.referenced AND q.repository_id = j.repository_id AND q.manifest_id = j.manifest_id)
    SELECT 1 FROM judged`,
};
const TAKE_OBJECTS = {
  name: "gc_take_objects",
  text: `UPDATE object_deletions SET not_before = $3, attempts = attempts + 1 WHERE (store, key) IN (
      SELECT store, key FROM object_deletions WHERE store = $1 AND not_before <= $2
      ORDER BY not_before LIMIT $4 FOR UPDATE SKIP LOCKED) RETURNING key`,
};
const FORGET_OBJECTS = {
  name: "gc_forget_objects",
  text: "DELETE FROM object_deletions WHERE store = $1 AND key = ANY($2)",
};
interface Link {
  repository_id: number;
  blob_id: number;
  settled: boolean;
}

export function postgresGarbage(database: Database, store: string): GarbageStore {
  // Who may meet: this removal and a push that links the blob again, or names it in a manifest. Both take the link's
  // row first: a push that was before us has set the task's time back, so there is nothing due; one whose manifest is
  // not yet visible makes the delete fail, and the task waits for the next round.
  const removeLink = async (task: Link, before: Date): Promise<void> => {
    const key = [task.repository_id, task.blob_id];
    await database
      .transaction(async (tx) => {
        await tx.query(LOCK_LINK, key);
        const due = await tx.query(END_DUE_TASK, [...key, before]);
        if (due.length > 0) await tx.query(UNLINK, key);
      })
      .catch((error: unknown) => {
        if (brokenForeignKey(error) === undefined) throw error;
      });
  };
  return {
    async stamp(at, limit) {
      return (await database.run(STAMP_LINKS, [at, limit])).length;
    },
    async reviewLinks(before, limit) {
      const tasks = await database.run<Link>(SETTLE_LINKS, [before, limit]);
      for (const task of tasks.filter(({ settled }) => !settled)) await removeLink(task, before);
      return tasks.length;
    },
    // Who may meet: this review and a push that links the blob again. The push holds the blob's row FOR KEY SHARE until
    // its link is visible; we lock the row, then look for links once more, so either the blob stays or the push finds
    // it gone and makes it anew.
    reviewBlobs: (deleteAt, limit) =>
      database.transaction(async (tx) => {
        const tasks = await tx.query<{ blob_id: number }>(TAKE_BLOBS, [limit]);
        if (tasks.length === 0) return 0;
        const ids = tasks.map(({ blob_id }) => blob_id);
        const locked = await tx.query<{ id: number }>(LOCK_UNLINKED, [ids]);
        const free = await tx.query<{ id: number }>(STILL_UNLINKED, [locked.map(({ id }) => id)]);
        const gone = free.map(({ id }) => id);
        await tx.query(QUEUE_OBJECTS, [gone, deleteAt]);
        await tx.query(DELETE_BLOBS, [gone]);
        await tx.query(END_BLOB_TASKS, [ids]);
        return tasks.length;
      }),
    // Who may meet: this review and the removal of a manifest's last tag or parent, which gives it a task. We lock the
    // task first and look afterwards: either we see the removal, or it waits for us and makes the task anew.
    reviewManifests: (at, limit) =>
      database.transaction(async (tx) => {
        const tasks = await tx.query<{ repository_id: number; manifest_id: number }>(TAKE_MANIFESTS, [limit]);
        const repositories = tasks.map(({ repository_id }) => repository_id);
        const manifests = tasks.map(({ manifest_id }) => manifest_id);
        if (tasks.length > 0) await tx.query(JUDGE_MANIFESTS, [at, repositories, manifests]);
        return tasks.length;
      }),
    abandonedRepositories: (before, limit) => abandonedRepositories(database, before, limit),
    discardRepository: (id, because, at) => discardRepository(database, id, because, at),
    purgeDeletedRepository: (limit) => purgeDeletedRepository(database, limit),
    async takeObjects(at, retryAt, limit) {
      const rows = await database.run<{ key: string }>(TAKE_OBJECTS, [store, at, retryAt, limit]);
      return rows.map(({ key }) => key);
    },
    async forgetObjects(keys) {
      if (keys.length > 0) await database.run(FORGET_OBJECTS, [store, keys]);
    },
  };
}
