import { afterAll, expect, test } from "vitest";
import type { Database } from "../../../src/adapters/postgres/database.ts";
import { postgresRegistryFigures } from "../../../src/adapters/postgres/registry-figures.ts";
import { FIGURE_MAX } from "../../../src/registry/ports/registry-figures.ts";
import { startTestBerth } from "../../support/berth.ts";
import { exchange } from "../../support/exchange.ts";
import { openSession, pushBlob, pushImage } from "../../support/push.ts";
import { rowsOf } from "../../support/rows.ts";

const asked: string[] = [];
/** Percent of the pages of the blobs that were looked at. */
const sampled: unknown[] = [];
const counting = (database: Database): Database => ({
  ...database,
  run: (statement, values) => {
    asked.push(statement.name);
    if (statement.name === "figures_sample_blobs") sampled.push(...values);
    return database.run(statement, values);
  },
});
const berth = await startTestBerth({ wrapDatabase: counting });
afterAll(() => berth.stop());

const figures = postgresRegistryFigures(berth.database);
const inAnHour = new Date(Date.now() + 3_600_000);
const anHourAgo = new Date(Date.now() - 3_600_000);
const at = (time: Date) => ({ links: time, objects: time, uploads: time });

test("scrapes that follow each other look once", async () => {
  for (let scrape = 0; scrape < 5; scrape++) await exchange(berth, { path: "/metrics" });
  expect(asked.filter((name) => name.startsWith("figures_"))).toEqual([
    "figures_of_queues",
    "figures_of_content",
  ]);
});

test("what is due is told apart from what waits", async () => {
  await pushImage(berth, "lib/app", "v1", "figures");
  await pushBlob(berth, "lib/app", "named by nobody");
  await openSession(berth, "lib/app");
  expect(await figures.queues(at(anHourAgo))).toMatchObject({
    links: { due: 0, waiting: 3 },
    uploads: { due: 0, waiting: 1 },
    blobs: { due: 0, waiting: 0 },
  });
  await rowsOf(berth, "UPDATE gc_link_queue SET since = $1", [new Date()]);
  expect(await figures.queues(at(inAnHour))).toMatchObject({
    links: { due: 3, waiting: 0 },
    uploads: { due: 1, waiting: 0 },
  });
});

test("what there is is counted while it is little, and estimated when it is much", async () => {
  const little = await figures.content();
  expect(little).toMatchObject({ repositories: 1, blobs: 3 });
  await rowsOf(
    berth,
    `INSERT INTO blobs (registry_id, digest, size, created_at)
      SELECT (SELECT min(id) FROM registries), sha256(n::text::bytea), 1000, $1 FROM generate_series(1, 20000) AS n`,
    [new Date()],
  );
  await rowsOf(
    berth,
    `INSERT INTO repositories (registry_id, name, created_at)
      SELECT (SELECT min(id) FROM registries), 'many/r' || n, $1 FROM generate_series(1, 20000) AS n`,
    [new Date()],
  );
  await rowsOf(berth, "ANALYZE blobs, repositories");
  const much = await figures.content();
  expect(much.repositories).toBe(20_001);
  expect(much.blobs).toBe(20_003);
  expect(sampled).toEqual([(100 * FIGURE_MAX) / much.blobs]);
  expect(Math.abs(much.storedBytes - 20_000_000)).toBeLessThan(2_000_000);
});
