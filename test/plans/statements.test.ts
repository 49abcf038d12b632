import pg from "pg";
import { afterAll, expect, test } from "vitest";
import { PLAN_BY_INDEX } from "../../src/adapters/postgres/index-plans.ts";
import type { Statement } from "../../src/adapters/postgres/statement.ts";
import { createDatabase } from "../support/berth.ts";
import { listStatements } from "./adapter-statements.ts";
import { fill } from "./fill.ts";
import { type PlanNode, scansOf } from "./scans.ts";

/** What is known to read more than it is asked for, and why that is right. */
const KNOWN: Readonly<Record<string, string>> = {
  gc_take_blobs: "takes the first tasks of a queue: LIMIT ends it",
  gc_take_manifests: "takes the first tasks of a queue, by an index of those that nobody has seen",
  outbox_trim:
    "looks at the oldest events, which go first: LIMIT ends it at the first that stays long enough",
  purge_find: "an index of deleted repositories alone, of which the first is taken",
  repository_abandoned: "an index of repositories alone that a push has just made",
  figures_of_content: "counts for metrics, up to a bound",
  figures_of_queues: "counts for metrics, up to a bound",
  iam_policies_with: "whoever deletes a principal looks into the policies that may name it",
  lifecycle_preview_forget_older: "removes all results of a repository, before there are new ones",
  repository_count_manifests: "counts them",
  purge_last_gc_link_queue: "removes all that a deleted repository has left there",
  webhook_deliveries_figures: "counts for metrics, by an index of what waits",
};
/** Statements that have no plan. */
const UTILITIES = ["lifecycle_at_one_moment", "signing_key_lock"];
/** Rows from which on a table is large. */
const LARGE = 1_000;

const { connection, drop } = await createDatabase();
const client = new pg.Client(connection.main);
await client.connect();
afterAll(async () => {
  await client.end();
  await drop();
});

/** The plan that is kept for a statement, whatever it is asked. */
async function genericPlan({ name, text }: Statement): Promise<PlanNode> {
  await client.query(`PREPARE "${name}" AS ${text}`);
  const prepared = "SELECT cardinality(parameter_types) AS count FROM pg_prepared_statements WHERE name = $1";
  const { count } = (await client.query(prepared, [name])).rows[0];
  const values = count === 0 ? "" : `(${Array(count).fill("NULL").join(", ")})`;
  const { rows } = await client.query(`EXPLAIN (FORMAT JSON) EXECUTE "${name}"${values}`);
  return rows[0]["QUERY PLAN"][0].Plan;
}

test("no statement reads a large table, or a large index from its beginning", async () => {
  const statements = (await listStatements()).filter(({ name }) => !UTILITIES.includes(name));
  const names = statements.map(({ name }) => name);
  expect(names).toEqual(
    expect.arrayContaining(["manifest_put", "image_page_any", "outbox_read", "blob_find"]),
  );
  await fill(client);
  await client.query(PLAN_BY_INDEX);
  await client.query("SET plan_cache_mode = force_generic_plan");
  const { rows } = await client.query(
    "SELECT relname FROM pg_class WHERE relkind = 'r' AND reltuples >= $1 AND relnamespace = 'public'::regnamespace",
    [LARGE],
  );
  const large = new Set(rows.map(({ relname }) => relname));
  expect(large.size).toBeGreaterThan(20);
  const found: Record<string, readonly string[]> = {};
  for (const statement of statements) {
    const scans = scansOf(await genericPlan(statement), (table) => large.has(table));
    if (scans.length > 0) found[statement.name] = scans;
  }
  const unknown = Object.entries(found).filter(([name]) => KNOWN[name] === undefined);
  expect(Object.fromEntries(unknown)).toEqual({});
});
