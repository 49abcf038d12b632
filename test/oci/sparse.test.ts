import { afterAll, describe, test } from "vitest";
import { startTestBerth } from "../support/berth.ts";
import { exchange, expectAnswer } from "../support/exchange.ts";
import { blob, entry, image, index } from "../support/manifests.ts";
import {
  changeRepository,
  configOf,
  createRepository,
  imageOf,
  layerOf,
  pushBlob,
  pushImage,
  pushManifest,
  putManifest,
} from "../support/push.ts";

const berth = await startTestBerth();
afterAll(() => berth.stop());

const pathOf = (reference: string, name: string): string => `/v2/${name}/manifests/${reference}`;
const get = (reference: string, name: string) => exchange(berth, { path: pathOf(reference, name) });
const remove = (reference: string, name: string) =>
  exchange(berth, { method: "DELETE", path: pathOf(reference, name) });

describe("a sparse repository", async () => {
  const NAME = "lib/sparse";
  await createRepository(berth, NAME, { sparse: true });

  test("takes an index whose children are absent, and binds them when they come", async () => {
    const child = imageOf("sparse child");
    const parent = index([entry(child), entry(imageOf("never comes"))]);
    await pushManifest(berth, NAME, parent, "sparse");
    expectAnswer(await get(child.digest, NAME), { status: 404 });
    await pushImage(berth, NAME, undefined, "sparse child");
    expectAnswer(await remove(child.digest, NAME), { status: 405, code: "UNSUPPORTED", says: parent.digest });
  });

  test("takes an image whose layers are absent, and binds them when they are uploaded", async () => {
    const pushed = await pushManifest(berth, NAME, image("sparse config", ["sparse layer"]), "image");
    for (const text of ["sparse config", "sparse layer"]) {
      const digest = await pushBlob(berth, NAME, text);
      const answer = await exchange(berth, { method: "DELETE", path: `/v2/${NAME}/blobs/${digest}` });
      expectAnswer(answer, { status: 405, code: "UNSUPPORTED", says: pushed.digest });
    }
  });

  test("binds layers that are mounted as well", async () => {
    const pushed = await pushManifest(berth, NAME, image("sparse config", ["mounted late"]));
    const digest = await pushBlob(berth, "lib/sparse-source", "mounted late");
    const path = `/v2/${NAME}/blobs/uploads/?mount=${digest}&from=lib/sparse-source`;
    expectAnswer(await exchange(berth, { method: "POST", path }), { status: 201 });
    const answer = await exchange(berth, { method: "DELETE", path: `/v2/${NAME}/blobs/${digest}` });
    expectAnswer(answer, { status: 405, code: "UNSUPPORTED", says: pushed.digest });
  });

  test("binds the layers that an index lists", async () => {
    const cache = await pushManifest(berth, NAME, index([blob("listed late")]));
    const digest = await pushBlob(berth, NAME, "listed late");
    const answer = await exchange(berth, { method: "DELETE", path: `/v2/${NAME}/blobs/${digest}` });
    expectAnswer(answer, { status: 405, code: "UNSUPPORTED", says: cache.digest });
  });

  test("refuses again once the setting is taken back, and keeps what it has", async () => {
    await createRepository(berth, "lib/dense", { sparse: true });
    await pushManifest(berth, "lib/dense", index([entry(imageOf("absent"))]), "kept");
    await changeRepository(berth, "lib/dense", { sparse: false });
    const refused = await putManifest(berth, "lib/dense", index([entry(imageOf("absent too"))]));
    expectAnswer(refused, { status: 404, code: "MANIFEST_BLOB_UNKNOWN" });
    expectAnswer(await get("kept", "lib/dense"), { status: 200 });
  });

  test("a child and its index pushed at the same moment are bound, whoever is first", async () => {
    for (let round = 0; round < 5; round++) {
      const label = `meets ${round}`;
      await pushBlob(berth, NAME, configOf(label));
      await pushBlob(berth, NAME, layerOf(label));
      const child = imageOf(label);
      const parent = index([entry(child)]);
      await Promise.all([pushManifest(berth, NAME, parent), pushManifest(berth, NAME, child)]);
      expectAnswer(await remove(child.digest, NAME), { status: 405, says: parent.digest });
    }
  });
});
