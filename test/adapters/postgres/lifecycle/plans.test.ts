import { afterAll, expect, test } from "vitest";
import type { Database } from "../../../../src/adapters/postgres/database.ts";
import { postgresOrphans } from "../../../../src/adapters/postgres/lifecycle/orphans.ts";
import { postgresPreviews } from "../../../../src/adapters/postgres/lifecycle/previews.ts";
import { postgresLifecycleRuns } from "../../../../src/adapters/postgres/lifecycle/runs.ts";
import type { Statement } from "../../../../src/adapters/postgres/statement.ts";
import { Turns } from "../../../../src/kernel/turns.ts";
import { startLifecyclePreview } from "../../../../src/lifecycle/preview.ts";
import { parseRepositoryName } from "../../../../src/registry/names.ts";
import { older, policyText, rule } from "../../../lifecycle/builders.ts";
import { openTestRegistry } from "../../../support/registry.ts";
import { rowsOf } from "../../../support/rows.ts";

const registry = await openTestRegistry();
afterAll(() => registry.close());
const { database, clock, scope } = registry;
const name = parseRepositoryName("many");

/** Statements that were run, and their values. */
const seen = new Map<string, readonly [Statement, readonly unknown[]]>();
const watched: Database = {
  ...database,
  run: (statement, values) => {
    seen.set(statement.name, [statement, values]);
    return database.run(statement, values);
  },
  transaction: (work) =>
    database.transaction((tx) =>
      work({
        query: (statement, values) => {
          seen.set(statement.name, [statement, values]);
          return tx.query(statement, values);
        },
      }),
    ),
};

/** Two repositories with 20,000 manifests each, of which every second has a tag and every third refers to another. */
async function fill(): Promise<void> {
  for (const each of ["many", "other"]) {
    const { id } = await registry.repository(each);
    await rowsOf(
      registry,
      `INSERT INTO manifests (repository_id, digest, media_type, subject_digest, size, payload, pushed_at, pushed_by)
        SELECT ${id}, '\\x01'::bytea || sha256(at::text::bytea), 'x/y',
          CASE WHEN at % 3 = 0 THEN '\\x01'::bytea || sha256((at + 1)::text::bytea) END, 1, 'x',
          '2029-01-01'::timestamptz + at * interval '1 minute', 'test' FROM generate_series(1, 20000) AS at`,
    );
    await rowsOf(
      registry,
      `INSERT INTO tags (repository_id, name, manifest_id, revision, updated_at)
        SELECT repository_id, 't' || id, id, id, pushed_at FROM manifests WHERE repository_id = ${id} AND id % 2 = 0`,
    );
    for (const table of ["manifest_blobs", "manifest_children"]) {
      await rowsOf(
        registry,
        `INSERT INTO ${table} (repository_id, manifest_id, position, digest)
          SELECT repository_id, id, 0, '\\x01' FROM manifests WHERE repository_id = ${id}`,
      );
    }
  }
  const tables = [
    "manifests",
    "tags",
    "manifest_children",
    "manifest_blobs",
    "lifecycle_policies",
    "gc_referrer_queue",
  ];
  for (const table of tables) await rowsOf(registry, `ANALYZE ${table}`);
}

/** Other repositories have previews as well. */
async function copyResults(from: number): Promise<void> {
  const { id } = await registry.repository("other");
  const columns = "manifest_id, digest, tags, pushed_at, action, rule_priority, storage_class, reason";
  await rowsOf(
    registry,
    `INSERT INTO lifecycle_preview_results (repository_id, preview_id, position, ${columns})
      SELECT ${id}, gen_random_uuid(), position, ${columns}
      FROM lifecycle_preview_results, generate_series(1, 4) WHERE repository_id = ${from}`,
  );
}

test("no statement of runs and previews reads a table of a large registry from end to end", async () => {
  await fill();
  const previews = postgresPreviews(watched);
  const ports = { previews, clock, turns: new Turns(), unit: "image" as const, running: { count: 0 } };
  await startLifecyclePreview(ports, scope, name, policyText(rule(1, older(30))));
  const stored = await previews.find(scope, name);
  if (stored === undefined || stored === "unknown") throw new Error("there is no preview");
  await copyResults(stored.repositoryId);
  await rowsOf(registry, "ANALYZE lifecycle_preview_results");
  await previews.results(stored, { tagged: true, after: 100, limit: 100 });
  await postgresLifecycleRuns(watched).claim(crypto.randomUUID(), clock.now(), clock.now());
  const orphans = postgresOrphans(watched);
  await orphans.stamp(clock.now(), 100);
  await orphans.take(clock.now(), clock.now(), 100);
  const scanning: string[] = [];
  for (const [statement, values] of seen.values()) {
    if (statement.text.startsWith("SET ")) continue;
    const plan = await rowsOf<Record<string, string>>(registry, `EXPLAIN ${statement.text}`, values);
    const lines = plan.map((row) => Object.values(row)[0] ?? "");
    const scans = lines.filter((line) =>
      /Seq Scan on (?:manifests|tags|manifest_|lifecycle_preview_results)/.test(line),
    );
    if (scans.length > 0) scanning.push(`${statement.name}: ${scans.join("; ")}`);
  }
  expect([...seen.keys()]).toEqual(
    expect.arrayContaining([
      "lifecycle_images",
      "lifecycle_tags",
      "lifecycle_listings",
      "lifecycle_preview_page",
    ]),
  );
  expect(scanning).toEqual([]);
});
