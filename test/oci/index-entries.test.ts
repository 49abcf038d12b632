import { afterAll, describe, expect, test } from "vitest";
import { digestToBytes } from "../../src/registry/digest.ts";
import { startTestBerth } from "../support/berth.ts";
import { exchange, expectAnswer } from "../support/exchange.ts";
import {
  DOCKER_LIST,
  DOCKER_MANIFEST,
  entry,
  index,
  type Manifest,
  OCI_INDEX,
  OCI_LAYER,
  OCI_MANIFEST,
} from "../support/manifests.ts";
import {
  configOf,
  createRepository,
  imageOf,
  layerOf,
  pushBlob,
  pushManifest,
  putManifest,
} from "../support/push.ts";
import { hexOf, rowsOf } from "../support/rows.ts";

const berth = await startTestBerth();
afterAll(() => berth.stop());

const removeManifest = (name: string, digest: string) =>
  exchange(berth, { method: "DELETE", path: `/v2/${name}/manifests/${digest}` });
const removeBlob = (name: string, digest: string) =>
  exchange(berth, { method: "DELETE", path: `/v2/${name}/blobs/${digest}` });

/** An image that is not pushed yet, with its config and layer, and its own bytes as a blob. */
async function childAsBlob(name: string, label: string): Promise<Manifest> {
  const child = imageOf(label);
  await pushBlob(berth, name, configOf(label));
  await pushBlob(berth, name, layerOf(label));
  await pushBlob(berth, name, child.bytes);
  return child;
}

/** The child listed as what it is not: a layer. */
const asLayer = (child: Manifest) => index([entry(child, { mediaType: OCI_LAYER })]);

describe("an entry of an index that is a manifest by its type", async () => {
  const NAME = "entries/strict";
  const child = await childAsBlob(NAME, "strict");

  test.each([
    ...[OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST, DOCKER_LIST],
    ...[OCI_MANIFEST.toUpperCase(), `${OCI_MANIFEST}; charset=utf-8`],
    "application/vnd.docker.distribution.manifest.v1+json",
  ])("%s is missing when there is only a blob of its bytes", async (mediaType) => {
    const answer = await putManifest(berth, NAME, index([entry(child, { mediaType })]));
    expectAnswer(answer, { status: 404, code: "MANIFEST_BLOB_UNKNOWN", says: child.digest });
  });

  test("is missing also when another entry lists the same bytes as a layer", async () => {
    const both = index([entry(child, { mediaType: OCI_LAYER }), entry(child)]);
    expectAnswer(await putManifest(berth, NAME, both), { status: 404, code: "MANIFEST_BLOB_UNKNOWN" });
  });

  test("is there once the manifest was pushed, which stays as long as the index", async () => {
    await pushManifest(berth, NAME, child);
    const parent = await pushManifest(berth, NAME, index([entry(child)]));
    expectAnswer(await removeManifest(NAME, child.digest), { status: 405, says: parent.digest });
    expectAnswer(await removeManifest(NAME, parent.digest), { status: 202 });
    expectAnswer(await removeManifest(NAME, child.digest), { status: 202 });
  });

  test("waits in a sparse repository for the manifest, and takes no blob for it", async () => {
    const sparse = "entries/sparse";
    await createRepository(berth, sparse, { sparse: true });
    const late = await childAsBlob(sparse, "late");
    const parent = await pushManifest(berth, sparse, index([entry(late)]));
    await pushBlob(berth, sparse, late.bytes);
    expectAnswer(await removeBlob(sparse, late.digest), { status: 202 });
    await pushManifest(berth, sparse, late);
    expectAnswer(await removeManifest(sparse, late.digest), { status: 405, says: parent.digest });
  });
});

describe("an entry of an index that is no manifest by its type", () => {
  test("is a blob until a manifest of its bytes comes, which is held from then on in its place", async () => {
    const name = "entries/loose";
    const child = await childAsBlob(name, "loose");
    const parent = await pushManifest(berth, name, asLayer(child));
    expectAnswer(await removeBlob(name, child.digest), { status: 405, says: parent.digest });
    await pushManifest(berth, name, child);
    expectAnswer(await removeManifest(name, child.digest), { status: 405, says: parent.digest });
    const freed = await rowsOf(
      berth,
      `SELECT q.since FROM gc_link_queue q JOIN blobs b ON b.id = q.blob_id WHERE encode(b.digest, 'hex') = $1`,
      [hexOf(child.digest)],
    );
    expect(freed).toEqual([{ since: null }]);
    expectAnswer(await removeBlob(name, child.digest), { status: 202 });
  });

  test("stays a blob where the manifest comes to another repository, whoever's entries it takes over there", async () => {
    const [here, there] = ["entries/here", "entries/there"];
    const child = await childAsBlob(here, "in two places");
    await childAsBlob(there, "in two places");
    const parents = [
      asLayer(child),
      index([{ ...entry(child), mediaType: OCI_LAYER }], { annotations: { a: "b" } }),
    ];
    for (const parent of parents) await pushManifest(berth, here, parent);
    await pushManifest(berth, there, parents[0] ?? child);
    await pushManifest(berth, here, child);
    expectAnswer(await removeBlob(here, child.digest), { status: 202 });
    expectAnswer(await removeManifest(here, child.digest), { status: 405 });
    expectAnswer(await removeBlob(there, child.digest), { status: 405, says: parents[0]?.digest ?? "" });
  });

  test("and the manifest that comes at the same moment meet, whoever is first", async () => {
    const name = "entries/meeting";
    for (let round = 0; round < 5; round++) {
      const child = await childAsBlob(name, `meets ${round}`);
      const parent = asLayer(child);
      await Promise.all([pushManifest(berth, name, parent), pushManifest(berth, name, child)]);
      expectAnswer(await removeManifest(name, child.digest), { status: 405, says: parent.digest });
    }
  });
});

test("a node of an older version, which tells of no types, stores indexes beside this one", async () => {
  const name = "entries/older";
  const child = await childAsBlob(name, "older");
  const parent = index([entry(child)]);
  const digest = digestToBytes(parent.digest);
  const children = [digestToBytes(child.digest)];
  const stored = await rowsOf(
    berth,
    `SELECT p.outcome FROM repositories r, put_manifest(r.id, $2, $3, NULL, NULL, NULL, $4, '{}', $5, $5, '{}', NULL, NULL,
      'somebody', now()) AS p WHERE r.name = $1`,
    [name, digest, OCI_INDEX, parent.bytes, children],
  );
  expect(stored).toEqual([{ outcome: "stored" }]);
  await pushManifest(berth, name, child);
  expectAnswer(await removeManifest(name, child.digest), { status: 405, says: parent.digest });
});
