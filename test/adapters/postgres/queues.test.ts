import { afterAll, expect, test } from "vitest";
import { deleteManifest } from "../../../src/registry/manifests/delete.ts";
import { parseReference } from "../../../src/registry/manifests/pull.ts";
import { parseRepositoryName } from "../../../src/registry/names.ts";
import { CAUSE } from "../../support/cause.ts";
import { HOUR } from "../../support/clock.ts";
import { entry, image, index, type Manifest } from "../../support/manifests.ts";
import { openTestRegistry } from "../../support/registry.ts";
import { hexOf, rowsOf } from "../../support/rows.ts";

const registry = await openTestRegistry();
afterAll(() => registry.close());
const { ports, scope, clock } = registry;

const remove = (name: string, reference: string): Promise<unknown> =>
  deleteManifest(ports, scope, parseRepositoryName(name), parseReference(reference), CAUSE);

/** Since when each manifest of a repository that is queued has nothing that refers to it; null where nobody has looked. */
async function waiting(name: string, { digest }: Manifest): Promise<readonly (Date | null)[]> {
  const { id } = await registry.repository(name);
  const rows = await rowsOf<{ since: Date | null }>(
    registry,
    `SELECT q.since FROM gc_manifest_queue q JOIN manifests m ON m.repository_id = q.repository_id AND m.id = q.manifest_id
      WHERE q.repository_id = $1 AND encode(m.digest, 'hex') = $2`,
    [id, hexOf(digest)],
  );
  return rows.map(({ since }) => since);
}

test("tags of one image, images of one layer and indexes of one child go together", async () => {
  const name = "queues/shared";
  const layer = "a layer of both";
  await registry.pushBlob(name, layer);
  for (const config of ["one", "two"]) {
    await registry.pushBlob(name, config);
    await registry.pushManifest(name, image(config, [layer]), config);
    await registry.pushManifest(name, image(config, [layer]), `${config}-again`);
  }
  const child = entry(image("one", [layer]));
  for (const list of ["a", "b"])
    await registry.pushManifest(name, index([child], { annotations: { list } }), list);
  const { id } = await registry.repository(name);
  const at = clock.now();
  await ports.repositories.delete(scope, parseRepositoryName(name), { force: true, cause: CAUSE, at });
  while ((await registry.garbage.purgeDeletedRepository(100)) > 0);
  expect(await rowsOf(registry, "SELECT 1 FROM repositories WHERE id = $1", [id])).toEqual([]);
});

test("a blob that leaves two repositories at once is looked at once", async () => {
  for (const name of ["queues/left", "queues/right"]) await registry.pushBlob(name, "in two");
  const links = "SELECT blob_id FROM repository_blobs GROUP BY blob_id HAVING count(*) = 2";
  const left = await rowsOf<{ blob_id: number }>(
    registry,
    `DELETE FROM repository_blobs WHERE blob_id IN (${links}) RETURNING blob_id`,
  );
  expect(left).toHaveLength(2);
  const queued = await rowsOf(registry, "SELECT 1 FROM gc_blob_queue WHERE blob_id = $1", [left[0]?.blob_id]);
  expect(queued).toHaveLength(1);
});

test("an image goes with its tags, and those beside it are not queued", async () => {
  const name = "queues/beside";
  const gone = await registry.pushImage(name, "gone", "gone");
  const kept = await registry.pushImage(name, "kept", "kept");
  const other = await registry.pushImage("queues/elsewhere", "elsewhere", "kept");
  await registry.settle();
  await remove(name, gone.digest);
  expect(await waiting(name, kept)).toEqual([]);
  expect(await waiting("queues/elsewhere", other)).toEqual([]);
});

test("an index goes, and of the manifests of its repository its children alone are queued", async () => {
  const name = "queues/children";
  const child = await registry.pushImage(name, "child");
  const kept = await registry.pushImage(name, "beside", "kept");
  const list = await registry.pushManifest(name, index([entry(child)]), "list");
  await registry.settle();
  await remove(name, list.digest);
  expect([await waiting(name, child), await waiting(name, kept)]).toEqual([[null], []]);
});

test("an image that loses its last tag again has been without one since then", async () => {
  const name = "queues/again";
  const pushed = await registry.pushImage(name, "again", "v1");
  for (let time = 0; time < 2; time++) {
    await registry.pushManifest(name, pushed, "v1");
    await remove(name, "v1");
    expect(await waiting(name, pushed)).toEqual([null]);
    await registry.settle();
    expect(await waiting(name, pushed)).toEqual([clock.now()]);
    clock.advance(HOUR);
  }
});

test("a child that loses its last index again has been without one since then", async () => {
  const name = "queues/orphan";
  const child = await registry.pushImage(name, "orphan");
  const list = index([entry(child)]);
  for (let time = 0; time < 2; time++) {
    await registry.pushManifest(name, list, "list");
    await remove(name, list.digest);
    expect(await waiting(name, child)).toEqual([null]);
    await registry.settle();
    expect(await waiting(name, child)).toEqual([clock.now()]);
    clock.advance(HOUR);
  }
});

test.each([
  ["tags", "DELETE FROM tags WHERE repository_id = $1 AND name <> 'kept'"],
  ["indexes", "DELETE FROM manifest_children WHERE repository_id = $1"],
])(
  "manifests that go in one statement with their %s are not queued, and keep nothing from going",
  async (kind, edges) => {
    const name = `queues/one-${kind}`;
    const child = await registry.pushImage(name, kind, "v1");
    await registry.pushImage(name, `beside ${kind}`, "kept");
    if (kind === "indexes") {
      await registry.pushManifest(name, index([entry(child)]), "list");
      await remove(name, "v1");
      await remove(name, "list");
    }
    await registry.settle();
    const { id } = await registry.repository(name);
    await rowsOf(registry, "DELETE FROM manifest_blobs WHERE repository_id = $1", [id]);
    const going = "repository_id = $1 AND id NOT IN (SELECT manifest_id FROM tags WHERE name = 'kept')";
    await rowsOf(registry, `WITH edges AS (${edges}) DELETE FROM manifests WHERE ${going}`, [id]);
    expect(await rowsOf(registry, "SELECT 1 FROM gc_manifest_queue WHERE repository_id = $1", [id])).toEqual(
      [],
    );
  },
);
