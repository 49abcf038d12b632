import { afterAll, expect, test } from "vitest";
import type { Database } from "../../../src/adapters/postgres/database.ts";
import { postgresImages } from "../../../src/adapters/postgres/images/index.ts";
import { NEWEST } from "../../../src/registry/images/describe.ts";
import { parseRepositoryName, parseTag } from "../../../src/registry/names.ts";
import { openTestRegistry } from "../../support/registry.ts";
import { rowsOf } from "../../support/rows.ts";

const registry = await openTestRegistry();
afterAll(() => registry.close());
const { scope, database } = registry;
const name = parseRepositoryName("plans");

/** So many images that to read all of them costs more than any index. */
const IMAGES = 20_000;

const planned: { readonly name: string; readonly plan: string }[] = [];
const explaining: Pick<Database, "run"> = {
  async run(statement, values) {
    const lines = await rowsOf<{ "QUERY PLAN": string }>(
      registry,
      `EXPLAIN (COSTS OFF) ${statement.text}`,
      values,
    );
    planned.push({ name: statement.name, plan: lines.map((line) => line["QUERY PLAN"]).join("\n") });
    return database.run(statement, values);
  },
};

test("nothing that shows images reads all of them, or all of their tags, layers and pulls", async () => {
  const { id } = await registry.repository(name);
  await rowsOf(
    registry,
    `WITH made AS (INSERT INTO manifests (repository_id, digest, media_type, size, payload, pushed_at, pushed_by)
        SELECT $1, decode('01' || lpad(to_hex(n), 64, '0'), 'hex'), 'x/y', 0, '', now(), 'test'
        FROM generate_series(1, ${IMAGES}) AS n RETURNING repository_id, id, digest),
      tagged AS (INSERT INTO tags (repository_id, name, manifest_id, revision, updated_at)
        SELECT repository_id, 't' || id, id, 1, now() FROM made),
      pulled AS (INSERT INTO image_pulls (repository_id, manifest_id, pulled_at) SELECT repository_id, id, now() FROM made),
      layered AS (INSERT INTO manifest_blobs (repository_id, manifest_id, position, digest)
        SELECT repository_id, id, 0, digest FROM made)
      INSERT INTO manifest_children (repository_id, manifest_id, position, digest)
        SELECT repository_id, id, 0, digest FROM made`,
    [id],
  );
  await rowsOf(registry, "ANALYZE");
  const images = postgresImages({ ...database, ...explaining } as Database);
  const [older, limit] = [{ before: NEWEST }, 100];
  for (const tagStatus of ["ANY", "TAGGED", "UNTAGGED"] as const) {
    await images.page(scope, name, { ...older, limit, tagStatus });
  }
  await images.entries(scope, name, { after: { id: NEWEST }, limit });
  await images.tagged(scope, name, { after: "t5", limit });
  await images.untagged(scope, name, { ...older, limit });
  const [found] = (await images.resolve(scope, name, [{ tag: parseTag("t5") }])) ?? [];
  expect(found).not.toBe("unknown");
  expect(planned.map((each) => each.name)).toEqual(
    expect.arrayContaining(["image_details", "image_entries", "image_entries_by_tag", "image_resolve"]),
  );
  const reads = /Seq Scan on (?:manifests|tags|image_pulls|manifest_blobs|manifest_children)\b/;
  expect(planned.filter(({ plan }) => reads.test(plan))).toEqual([]);
});
