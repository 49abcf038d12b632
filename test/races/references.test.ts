import { afterAll, afterEach, describe, expect, test, vi } from "vitest";
import { COMMIT, lockWaits } from "../support/barrier.ts";
import { type Answer, detailOf, exchange, expectAnswer } from "../support/exchange.ts";
import { entry, image, index, type Manifest } from "../support/manifests.ts";
import {
  configOf,
  createRepository,
  deleteRepository,
  imageOf,
  layerOf,
  pushBlob,
  pushImage,
  putManifest,
} from "../support/push.ts";
import { rowsOf } from "../support/rows.ts";
import { expectPulled, expectSoundScene, openScene, statusesOf } from "./scene.ts";

vi.mock("../../src/composition/collector.ts", async (original) => ({
  ...(await original<object>()),
  startCollector: () => ({ stop: async () => undefined }),
}));

const scene = await openScene();
const { berth, barriers, other } = scene;
afterAll(() => scene.close());
afterEach(() => expectSoundScene(scene));

const unlink = (node: typeof berth, name: string, digest: string): Promise<Answer> =>
  exchange(node, { method: "DELETE", path: `/v2/${name}/blobs/${digest}` });
const remove = (node: typeof berth, name: string, { digest }: Manifest): Promise<Answer> =>
  exchange(node, { method: "DELETE", path: `/v2/${name}/manifests/${digest}` });
const mount = (node: typeof berth, target: string, digest: string, from: string): Promise<Answer> =>
  exchange(node, { method: "POST", path: `/v2/${target}/blobs/uploads/?mount=${digest}&from=${from}` });
const waitingEdges = () =>
  rowsOf(
    berth,
    `SELECT e.digest FROM (
        SELECT repository_id, digest FROM manifest_blobs WHERE blob_id IS NULL
        UNION ALL SELECT repository_id, digest FROM manifest_children WHERE blob_id IS NULL AND child_id IS NULL) AS e
      JOIN repositories r ON r.id = e.repository_id AND r.deleted_at IS NULL`,
  );

describe("a mount meets the removal of the blob from its source", () => {
  // The removal has the source's link; the mount comes.
  // The removal wins.
  // The mount waits, finds no link and answers 202: the client uploads.
  test("that came before: an upload begins", async () => {
    const digest = await pushBlob(berth, "mount/source", "removed before");
    const hold = barriers.hold(COMMIT);
    const removal = unlink(berth, "mount/source", digest);
    await hold.reached;
    const mounted = mount(other, "mount/target", digest, "mount/source");
    await lockWaits(berth);
    hold.release();
    expectAnswer(await removal, { status: 202 });
    expectAnswer(await mounted, { status: 202 });
    expectAnswer(await exchange(berth, { path: `/v2/mount/target/blobs/${digest}` }), { status: 404 });
  });

  // The mount holds a share of the source's link; the removal comes.
  // Both win: the removal waits until the target has a link of its own.
  // The blob is gone from the source and there in the target.
  test("that comes later: both succeed", async () => {
    const digest = await pushBlob(berth, "mount/source", "removed later");
    const hold = barriers.hold("blob_lock_link", "after");
    const mounted = mount(berth, "mount/target", digest, "mount/source");
    await hold.reached;
    const removal = unlink(other, "mount/source", digest);
    await lockWaits(berth);
    hold.release();
    expectAnswer(await mounted, { status: 201 });
    expectAnswer(await removal, { status: 202 });
    await expectPulled(berth, `/v2/mount/target/blobs/${digest}`, "removed later");
  });

  // The source's repository is deleted while a mount holds a share of its link.
  // Both win: the deletion of a repository takes links later, one by one.
  // The blob is there in the target.
  test("with its repository", async () => {
    const digest = await pushBlob(berth, "mount/doomed", "of a doomed repository");
    const hold = barriers.hold("blob_lock_link", "after");
    const mounted = mount(berth, "mount/target", digest, "mount/doomed");
    await hold.reached;
    await deleteRepository(other, "mount/doomed");
    hold.release();
    expectAnswer(await mounted, { status: 201 });
    await expectPulled(berth, `/v2/mount/target/blobs/${digest}`, "of a doomed repository");
  });
});

describe("a manifest PUT meets the removal of a blob that it names", () => {
  // The PUT has a share of the link; the removal comes.
  // The PUT wins.
  // The removal sees 405 naming the manifest.
  test("that comes later: 405 names the manifest", async () => {
    const manifest = await pushBlobsOf("unlink/later", "later");
    const hold = barriers.hold("reference_links", "after");
    const put = putManifest(berth, "unlink/later", manifest);
    await hold.reached;
    const removal = unlink(other, "unlink/later", layerDigestOf(manifest));
    await lockWaits(berth);
    hold.release();
    expectAnswer(await put, { status: 201 });
    expectAnswer(await removal, { status: 405, code: "UNSUPPORTED", says: manifest.digest });
  });

  // The removal has the link; the PUT comes.
  // The removal wins.
  // The PUT sees MANIFEST_BLOB_UNKNOWN naming the blob, and pushing again works.
  test("that came before: MANIFEST_BLOB_UNKNOWN names the blob", async () => {
    const manifest = await pushBlobsOf("unlink/before", "before");
    const hold = barriers.hold(COMMIT);
    const removal = unlink(berth, "unlink/before", layerDigestOf(manifest));
    await hold.reached;
    const put = putManifest(other, "unlink/before", manifest);
    await lockWaits(berth);
    hold.release();
    expectAnswer(await removal, { status: 202 });
    const refused = await put;
    expectAnswer(refused, { status: 404, code: "MANIFEST_BLOB_UNKNOWN" });
    expect(detailOf(refused)).toEqual([{ digest: layerDigestOf(manifest) }]);
    await pushImage(berth, "unlink/before", "v1", "before");
  });
});

describe("an index PUT meets the deletion of a child", () => {
  // The deletion has the child's row; the PUT comes.
  // The deletion wins.
  // The PUT sees MANIFEST_BLOB_UNKNOWN naming the child; there is never an index with a child that is gone.
  test.each(["manifest_parents", "manifest_delete", COMMIT])("that came before (%s)", async (statement) => {
    const child = await pushImage(berth, "index/before", undefined, `before ${statement}`);
    const hold = barriers.hold(statement);
    const removal = remove(berth, "index/before", child);
    await hold.reached;
    const put = putManifest(other, "index/before", index([entry(child)]), "v1");
    await lockWaits(berth);
    hold.release();
    expectAnswer(await removal, { status: 202 });
    expectAnswer(await put, { status: 404, code: "MANIFEST_BLOB_UNKNOWN", says: child.digest });
  });

  // The PUT has a share of the child's row; the deletion comes.
  // The PUT wins.
  // The deletion sees 405 naming the index.
  test.each([
    ["reference_manifests", "after"],
    ["manifest_insert_children", "after"],
    [COMMIT, "before"],
  ] as const)("that comes later (%s)", async (statement, moment) => {
    const child = await pushImage(berth, "index/later", undefined, `later ${statement}`);
    const parent = index([entry(child)]);
    const hold = barriers.hold(statement, moment);
    const put = putManifest(berth, "index/later", parent, "v1");
    await hold.reached;
    const removal = remove(other, "index/later", child);
    await lockWaits(berth);
    hold.release();
    expectAnswer(await put, { status: 201 });
    expectAnswer(await removal, { status: 405, code: "UNSUPPORTED", says: parent.digest });
  });
});

describe("two index PUTs with the same children in opposite order", () => {
  // Two pushes lock the same children, present or absent, and each names them the other way round.
  // Both win: present ones are shared, absent ones are locked in one order by both.
  // Neither has to be retried, and no client sees a deadlock.
  test.each([
    ["present", "index/present"],
    ["absent", "index/absent"],
  ])("that are %s", async (state, name) => {
    await createRepository(berth, name, { sparse: true });
    const children = ["a", "b", "c"].map((label) => imageOf(`${state} ${label}`));
    if (state === "present")
      for (const label of ["a", "b", "c"]) await pushImage(berth, name, undefined, `present ${label}`);
    const retries = () =>
      berth.database.statistics().transactionRetries + other.database.statistics().transactionRetries;
    const before = retries();
    const statement = state === "present" ? "reference_manifests" : "digest_lock";
    const hold = barriers.hold(statement, "after");
    const first = putManifest(berth, name, index(children.map((child) => entry(child))));
    await hold.reached;
    const second = putManifest(other, name, index(children.toReversed().map((child) => entry(child))));
    if (state === "absent") await lockWaits(berth);
    else expectAnswer(await second, { status: 201 });
    hold.release();
    expect(statusesOf(await Promise.all([first, second]))).toEqual([201, 201]);
    expect(retries()).toBe(before);
    for (const label of ["a", "b", "c"]) await pushImage(berth, name, undefined, `${state} ${label}`);
    expect(await waitingEdges()).toEqual([]);
  });
});

describe("a manifest that may name what is absent meets the push of it: the edge is bound by one of them,", () => {
  // A sparse PUT has looked, seen nothing, and holds the digest's lock; the push of what it names comes.
  // Both win: the push waits for the lock, then finds the edge and binds it.
  // Nobody loses; an edge never waits for what is there.
  test.each(["child", "layer", "one of many layers", "listed layer", "mounted layer"])(
    "the push that comes later: a %s",
    async (what) => {
      const { parent, push, name } = await sparse(what, "later");
      const hold = barriers.hold("digest_lock", "after");
      const put = putManifest(berth, name, parent, "v1");
      await hold.reached;
      const pushed = push(other);
      await lockWaits(berth);
      hold.release();
      expectAnswer(await put, { status: 201 });
      expectAnswer(await pushed, { status: 201 });
      expect(await waitingEdges()).toHaveLength(what.includes("many") ? 100 : 0);
      await deleteRepository(berth, name);
    },
  );

  // The push holds the digest's lock and has not committed yet; the sparse PUT comes and sees nothing at first.
  // Both win: the PUT waits for the lock, then looks again and finds it.
  // Nobody loses.
  test.each(["child", "layer", "one of many layers", "listed layer", "mounted layer"])(
    "the PUT that comes later: a %s",
    async (what) => {
      const { parent, push, name } = await sparse(what, "before");
      const hold = barriers.hold(COMMIT);
      const pushed = push(berth);
      await hold.reached;
      const put = putManifest(other, name, parent, "v1");
      await lockWaits(berth);
      hold.release();
      expectAnswer(await pushed, { status: 201 });
      expectAnswer(await put, { status: 201 });
      expect(await waitingEdges()).toHaveLength(what.includes("many") ? 100 : 0);
      await deleteRepository(berth, name);
    },
  );

  /** A repository that takes anything, a manifest that names something absent, and its push. */
  async function sparse(what: string, when: string) {
    const name = `sparse/${what.replaceAll(" ", "-")}-${when}`;
    await createRepository(berth, name, { sparse: true });
    const layer = layerOf(`${what} ${when}`);
    await pushBlob(berth, `${name}/source`, layer);
    await pushBlob(berth, name, configOf("sparse"));
    const child = image(configOf("sparse"), []);
    const ofLayer = image(configOf("sparse"), [layer]);
    const digest = layerDigestOf(ofLayer);
    const others = Array.from({ length: 100 }, (_, at) => layerOf(`${what} ${when} ${at}`));
    const parents: Readonly<Record<string, Manifest>> = {
      "one of many layers": image(configOf("sparse"), [...others, layer]),
      child: index([entry(child)]),
      "listed layer": index([{ mediaType: "application/octet-stream", digest, size: layer.length }]),
    };
    const push = (node: typeof berth): Promise<Answer> => {
      if (what === "child") return putManifest(node, name, child);
      if (what === "mounted layer") return mount(node, name, digest, `${name}/source`);
      return exchange(node, {
        method: "POST",
        path: `/v2/${name}/blobs/uploads/?digest=${digest}`,
        body: layer,
      });
    };
    return { name, parent: parents[what] ?? ofLayer, push };
  }
});

// The same manifest comes twice at once, in a repository that lacks what it names.
// Both win: the second waits for the digest's lock and finds the first's rows.
// Nobody loses, and every edge is there once.
test("the same manifest twice at once is one manifest", async () => {
  const manifest = await pushBlobsOf("same/manifest", "same");
  const hold = barriers.hold(COMMIT);
  const first = putManifest(berth, "same/manifest", manifest, "v1");
  await hold.reached;
  const second = putManifest(other, "same/manifest", manifest, "v2");
  await lockWaits(berth);
  hold.release();
  expect(statusesOf(await Promise.all([first, second]))).toEqual([201, 201]);
  const edges = await rowsOf(
    berth,
    `SELECT e.position FROM manifest_blobs e JOIN repositories r ON r.id = e.repository_id
      WHERE r.name = 'same/manifest' ORDER BY e.position`,
  );
  expect(edges).toEqual([{ position: 0 }, { position: 1 }]);
});

// Many clients push, tag, list, delete and mount the same few things at once, in random order.
// Whoever wins, every answer is one that the specification knows for such a call.
// Nobody sees a 500 or a deadlock.
test("a crowd on the same few names", async () => {
  const labels = ["a", "b", "c"];
  const choose = <T>(values: readonly T[]): T => values[Math.floor(Math.random() * values.length)] as T;
  const deeds = [
    async () => [
      await putManifest(choose([berth, other]), "crowd/one", imageOf(choose(labels)), choose(["v1", "v2"])),
    ],
    async () => [await exchange(berth, { method: "POST", path: "/v2/crowd/one/blobs/uploads/" })],
    async () => {
      const content = choose([configOf, layerOf])(choose(labels));
      const blob = image(content, []);
      const digest = JSON.parse(blob.bytes.toString()).config.digest;
      const path = `/v2/crowd/one/blobs/uploads/?digest=${digest}`;
      return [await exchange(choose([berth, other]), { method: "POST", path, body: content })];
    },
    async () => {
      const children = [...labels].sort(() => Math.random() - 0.5).map((label) => entry(imageOf(label)));
      return [await putManifest(choose([berth, other]), "crowd/one", index(children), "list")];
    },
    async () => [await remove(choose([berth, other]), "crowd/one", imageOf(choose(labels)))],
    async () => [
      await exchange(other, {
        method: "DELETE",
        path: `/v2/crowd/one/manifests/${choose(["v1", "v2", "list"])}`,
      }),
    ],
    async () => [await unlink(berth, "crowd/one", layerDigestOf(imageOf(choose(labels))))],
    async () => [await mount(other, "crowd/two", layerDigestOf(imageOf(choose(labels))), "crowd/one")],
  ];
  for (const label of labels) await pushImage(berth, "crowd/one", "v1", label);
  const answers = await Promise.all(
    Array.from({ length: 6 }, async () => {
      const own: Answer[] = [];
      for (let at = 0; at < 25; at++) own.push(...(await choose(deeds)()));
      return own;
    }),
  );
  for (const { status, body } of answers.flat())
    expect([201, 202, 404, 405], body.toString()).toContain(status);
});

async function pushBlobsOf(name: string, label: string): Promise<Manifest> {
  await pushBlob(berth, name, configOf(label));
  await pushBlob(berth, name, layerOf(label));
  return imageOf(label);
}

function layerDigestOf({ bytes }: Manifest): string {
  return JSON.parse(bytes.toString()).layers[0].digest;
}
