import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { blob, entry, image, index } from "../../support/manifests.ts";
import { openTestRegistry } from "../../support/registry.ts";
import { rowsOf } from "../../support/rows.ts";

const registry = await openTestRegistry();
afterAll(() => registry.close());

const NAMES = ["order/a", "order/b", "order/c"];
let ids: readonly number[];

/** Each repository has some of everything: images with tags, indexes, referrers, and blobs that no manifest names. */
beforeAll(async () => {
  for (const name of NAMES)
    for (const each of ["one", "two", "three", "four"]) {
      const child = await registry.pushImage(name, each, each);
      await registry.pushManifest(name, index([entry(child)], { annotations: { each } }));
      await registry.pushBlob(name, `free ${name} ${each}`);
      await registry.pushBlob(name, "{}");
      const subject = await registry.pushManifest(name, image("{}", [], { annotations: { subject: each } }));
      await registry.pushManifest(name, image(blob("{}"), [], { subject: entry(subject) }));
    }
  ids = await Promise.all(NAMES.map(async (name) => (await registry.repository(name)).id));
});

interface Queue {
  readonly table: string;
  readonly keys: string;
  /** SQL: the keys of the tasks that the change makes. */
  readonly made: string;
  /** Statements of one transaction; the last makes the tasks. */
  readonly change: readonly string[];
}

const FREE = `repository_id = ANY($1) AND NOT EXISTS (SELECT 1 FROM manifest_blobs e
  WHERE e.repository_id = l.repository_id AND e.blob_id = l.blob_id)`;
const SUBJECTS = `repository_id = ANY($1) AND digest IN (SELECT subject_digest FROM manifests)`;
const QUEUES: Readonly<Record<string, Queue>> = {
  "links that are made again": {
    ...{ table: "gc_link_queue", keys: "repository_id, blob_id" },
    made: "SELECT repository_id, blob_id FROM repository_blobs WHERE repository_id = ANY($1)",
    change: ["UPDATE repository_blobs SET linked_at = linked_at WHERE repository_id = ANY($1)"],
  },
  "blobs that lose a link": {
    ...{ table: "gc_blob_queue", keys: "blob_id" },
    made: `SELECT blob_id FROM repository_blobs l WHERE ${FREE}`,
    change: [`DELETE FROM repository_blobs l WHERE ${FREE}`],
  },
  "manifests that lose a tag": {
    ...{ table: "gc_manifest_queue", keys: "repository_id, manifest_id" },
    made: "SELECT repository_id, manifest_id FROM tags WHERE repository_id = ANY($1)",
    change: ["DELETE FROM tags WHERE repository_id = ANY($1)"],
  },
  "manifests that lose an index": {
    ...{ table: "gc_manifest_queue", keys: "repository_id, manifest_id" },
    made: "SELECT repository_id, child_id FROM manifest_children WHERE repository_id = ANY($1)",
    change: ["DELETE FROM manifest_children WHERE repository_id = ANY($1)"],
  },
  "referrers that lose their subject": {
    ...{ table: "gc_referrer_queue", keys: "repository_id, manifest_id" },
    made: `SELECT repository_id, id FROM manifests
      WHERE repository_id = ANY($1) AND subject_digest IN (SELECT digest FROM manifests)`,
    change: [`DELETE FROM manifests WHERE ${SUBJECTS}`],
  },
};

// Who may meet: two changes that make tasks of the same rows. Both take them in one order, so one waits for the other;
// by another order each could have what the other wants.
test.each(Object.entries(QUEUES))("the tasks of %s are taken by their keys", async (_, queue) => {
  const { table, keys, made, change } = queue;
  await rowsOf(registry, `DELETE FROM ${table}`);
  await rowsOf(registry, `INSERT INTO ${table} (${keys}) ${made}`, [ids]);
  const ordered = (await rowsOf<object>(registry, `SELECT ${keys} FROM ${table} ORDER BY ${keys}`)).map(
    keyOf,
  );
  expect(ordered.length).toBeGreaterThanOrEqual(12);
  const middle = Math.floor(ordered.length / 2);
  const [holder, changing] = await Promise.all([connected(), connected()]);
  try {
    await holder.query("BEGIN");
    await holder.query(`SELECT 1 FROM ${table} ORDER BY ${keys} OFFSET ${middle} LIMIT 1 FOR UPDATE`);
    await changing.query("BEGIN");
    // Without an order of its own, a statement would get its rows from a hash table.
    await changing.query("SET LOCAL enable_sort = off");
    const { rows } = await changing.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
    const ended = change.reduce(
      (before, text) => before.then(() => changing.query(text, [ids])),
      Promise.resolve() as Promise<unknown>,
    );
    ended.catch(() => undefined);
    const blocked = "SELECT cardinality(pg_blocking_pids($1)) > 0 AS yes";
    await expect
      .poll(async () => (await holder.query(blocked, [rows[0]?.pid])).rows[0], { interval: 5 })
      .toEqual({ yes: true });
    const free = `SELECT ${keys} FROM ${table} ORDER BY ${keys} FOR UPDATE SKIP LOCKED`;
    expect((await rowsOf<object>(registry, free)).map(keyOf)).toEqual(ordered.slice(middle + 1));
    await holder.query("ROLLBACK");
    await ended;
  } finally {
    await Promise.all([holder.end(), changing.end()]);
  }
});

async function connected(): Promise<pg.Client> {
  const client = new pg.Client(registry.home.connection.main);
  await client.connect();
  return client;
}

function keyOf(row: object): string {
  return Object.values(row).join(" ");
}
