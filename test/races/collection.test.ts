import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type CollectionRound, collectGarbage } from "../../src/gc/collect.ts";
import { COMMIT, lockWaits } from "../support/barrier.ts";
import { HOUR } from "../support/clock.ts";
import { detailOf, exchange, expectAnswer } from "../support/exchange.ts";
import { image, index, type Manifest } from "../support/manifests.ts";
import { configOf, imageOf, layerOf, pushBlob, pushManifest, putManifest } from "../support/push.ts";
import { hexOf, rowsOf } from "../support/rows.ts";
import { collectingFrom, expectPulled, expectSoundScene, GRACES, openScene, statusesOf } from "./scene.ts";

vi.mock("../../src/composition/collector.ts", async (original) => ({
  ...(await original<object>()),
  startCollector: () => ({ stop: async () => undefined }),
}));

const scene = await openScene();
const { berth, barriers, other, collector, collectorBarriers, clock } = scene;
afterAll(() => scene.close());
afterEach(() => expectSoundScene(scene));

/** Rounds until there is nothing to do. */
async function collect(): Promise<void> {
  for (;;) {
    const round = await collectGarbage(collector, GRACES);
    if (Object.values(round).every((ended) => ended === 0)) return;
  }
}

const round = (): Promise<CollectionRound> => collectGarbage(collector, GRACES);
const layerOfManifest = ({ bytes }: Manifest): string => JSON.parse(bytes.toString()).layers[0].digest;
const blobsOf = ({ bytes }: Manifest): readonly string[] => {
  const { config, layers } = JSON.parse(bytes.toString());
  return [config.digest, layers[0].digest];
};
const head = (name: string, digest: string) =>
  exchange(other, { method: "HEAD", path: `/v2/${name}/blobs/${digest}` });
const isLinked = async (name: string, digest: string): Promise<boolean> =>
  (
    await rowsOf(
      berth,
      `SELECT 1 FROM repository_blobs l JOIN blobs b ON b.id = l.blob_id JOIN repositories r ON r.id = l.repository_id
        WHERE r.name = $1 AND encode(b.digest, 'hex') = $2`,
      [name, hexOf(digest)],
    )
  ).length > 0;

let number = 0;
let label = "";
let name = "";
beforeEach(async () => {
  await collect();
  number++;
  label = `collected ${number}`;
  name = `gc/r${number}`;
});

/** Blobs whose grace is over, and the manifest that would name them. */
async function oldBlobs(): Promise<Manifest> {
  await pushBlob(berth, name, configOf(label));
  await pushBlob(berth, name, layerOf(label));
  await collect();
  clock.advance(25 * HOUR);
  return imageOf(label);
}

describe("the collection of a link meets", () => {
  // A client asks for blobs whose grace is over, is told that they are there, and is about to PUT the manifest; the
  // collector comes in between.
  // The client wins: what it was told of has all of its grace once more.
  // The collector finds nothing due.
  test("a push between its HEADs and its manifest", async () => {
    const manifest = await oldBlobs();
    for (const digest of blobsOf(manifest)) {
      expectAnswer(await head(name, digest), { method: "HEAD", status: 200 });
    }
    await collect();
    expectAnswer(await putManifest(berth, name, manifest, "v1"), { status: 201 });
    await expectPulled(berth, `/v2/${name}/blobs/${layerOfManifest(manifest)}`, layerOf(label));
  });

  // The collector has judged the link to be garbage, but not taken it yet; a client asks for the blob.
  // The client wins.
  // The collector finds the task not due when it has the link, and leaves both.
  test("a HEAD between its look and its removal", async () => {
    const manifest = await oldBlobs();
    const hold = collectorBarriers.hold("gc_lock_link");
    const collecting = round();
    await hold.reached;
    for (const digest of blobsOf(manifest)) {
      expectAnswer(await head(name, digest), { method: "HEAD", status: 200 });
    }
    hold.release();
    await collecting;
    expectAnswer(await putManifest(berth, name, manifest, "v1"), { status: 201 });
  });

  // The collector has taken a link, and is about to commit; a client asks for that blob and for one that is next.
  // The collector wins the first, the client the second.
  // The client waits, and is told that the first is not there.
  test("a HEAD after its removal", async () => {
    const manifest = await oldBlobs();
    const hold = collectorBarriers.hold("gc_unlink", "after");
    const collecting = round();
    await hold.reached;
    const asking = Promise.all(blobsOf(manifest).map((digest) => head(name, digest)));
    await lockWaits(berth);
    hold.release();
    await collecting;
    expect(statusesOf(await asking)).toEqual([200, 404]);
    await collect();
  });

  // The collector has judged the link to be garbage, but not taken it yet; the PUT commits.
  // The PUT wins: the foreign key holds the link.
  // The collector leaves the task to its next round, which forgets it.
  test("a manifest PUT that commits between its look and its removal", async () => {
    const manifest = await oldBlobs();
    const hold = collectorBarriers.hold("gc_lock_link");
    const collecting = round();
    await hold.reached;
    expectAnswer(await putManifest(berth, name, manifest, "v1"), { status: 201 });
    hold.release();
    await collecting;
    await collect();
    expect(await isLinked(name, layerOfManifest(manifest))).toBe(true);
    await expectPulled(berth, `/v2/${name}/blobs/${layerOfManifest(manifest)}`, layerOf(label));
  });

  // The PUT holds shares of its links when the collector wants to take one.
  // The PUT wins.
  // The collector waits, then cannot take it, and forgets the task.
  test("a manifest PUT that has looked already", async () => {
    const manifest = await oldBlobs();
    const hold = barriers.hold(COMMIT);
    const put = putManifest(berth, name, manifest, "v1");
    await hold.reached;
    const collecting = round();
    await lockWaits(berth);
    hold.release();
    expectAnswer(await put, { status: 201 });
    await collecting;
    await collect();
    await expectPulled(berth, `/v2/${name}/blobs/${layerOfManifest(manifest)}`, layerOf(label));
  });

  // The collector has taken the link and not committed; the PUT that names it comes.
  // The collector wins.
  // The PUT waits, then sees MANIFEST_BLOB_UNKNOWN.
  test.each(["gc_unlink", COMMIT])("a manifest PUT that looks too late (%s)", async (statement) => {
    const manifest = await oldBlobs();
    await pushManifest(berth, name, image(configOf(label), []), "config");
    const hold = collectorBarriers.hold(statement);
    const collecting = collector.garbage.reviewLinks(new Date(clock.now().getTime() - 24 * HOUR), 100);
    await hold.reached;
    const put = putManifest(berth, name, manifest, "v1");
    await lockWaits(berth);
    hold.release();
    await collecting;
    const refused = await put;
    expectAnswer(refused, { status: 404, code: "MANIFEST_BLOB_UNKNOWN" });
    expect(detailOf(refused)).toEqual([{ digest: layerOfManifest(manifest) }]);
  });

  // The collector has judged the link to be garbage; the blob is uploaded once more, or mounted, before it takes it.
  // The push wins: it touched the link, so that its grace starts anew.
  // The collector finds its task no longer due.
  test("a new upload between its look and its removal", async () => {
    const manifest = await oldBlobs();
    const hold = collectorBarriers.hold("gc_lock_link");
    const collecting = round();
    await hold.reached;
    await pushBlob(berth, name, configOf(label));
    await pushBlob(berth, name, layerOf(label));
    hold.release();
    await collecting;
    await pushManifest(berth, name, manifest, "v1");
  });

  // A manifest is deleted while the collector looks at the link that it named.
  // The deletion wins: it gives the link a task of its own.
  // Nothing is forgotten: the link goes a day later.
  test("the deletion of the manifest that named it", async () => {
    const manifest = await oldBlobs();
    await pushManifest(berth, name, manifest, "v1");
    const hold = barriers.hold(COMMIT);
    const removal = exchange(berth, { method: "DELETE", path: `/v2/${name}/manifests/${manifest.digest}` });
    await hold.reached;
    await collect();
    hold.release();
    expectAnswer(await removal, { status: 202 });
    await expectSoundScene(scene);
    await collect();
    expect(await isLinked(name, layerOfManifest(manifest))).toBe(true);
    clock.advance(25 * HOUR);
    await collect();
    expect(await isLinked(name, layerOfManifest(manifest))).toBe(false);
  });
});

describe("the collection of a blob meets", () => {
  const content = () => layerOf(label);

  /** A blob that no repository has any more. */
  async function unlinkedBlob(): Promise<string> {
    const digest = await pushBlob(berth, name, content());
    expectAnswer(await exchange(berth, { method: "DELETE", path: `/v2/${name}/blobs/${digest}` }), {
      status: 202,
    });
    return digest;
  }

  // The collector has the blob's row, at whatever step; an upload of the same digest comes to its commit.
  // The collector wins the row, and the upload makes it anew with its own object.
  // The uploader sees 201 and nothing of this.
  test.each(["gc_still_unlinked_blobs", "gc_queue_objects", "gc_delete_blobs", "gc_end_blob_tasks", COMMIT])(
    "the commit of an upload (%s)",
    async (statement) => {
      const digest = await unlinkedBlob();
      const hold = collectorBarriers.hold(statement);
      const collecting = collector.garbage.reviewBlobs(clock.now(), 100);
      await hold.reached;
      const upload = exchange(other, {
        method: "POST",
        path: `/v2/${name}/blobs/uploads/?digest=${digest}`,
        body: content(),
      });
      await lockWaits(berth);
      hold.release();
      await collecting;
      expectAnswer(await upload, { status: 201 });
      await collect();
      await expectPulled(berth, `/v2/${name}/blobs/${digest}`, content());
    },
  );

  // An upload has found the row of its digest, at whatever step, when the collector wants to take it.
  // The upload wins: it holds the row until its link is there.
  // The collector waits, sees the link, and leaves the blob.
  test.each(["commit_has_object", "link_insert", COMMIT])(
    "an upload that found it (%s)",
    async (statement) => {
      const digest = await unlinkedBlob();
      const hold = barriers.hold(statement);
      const path = `/v2/${name}/blobs/uploads/?digest=${digest}`;
      const upload = exchange(berth, { method: "POST", path, body: content() });
      await hold.reached;
      const collecting = collector.garbage.reviewBlobs(clock.now(), 100);
      await lockWaits(berth);
      hold.release();
      expectAnswer(await upload, { status: 201 });
      await collecting;
      await collect();
      await expectPulled(other, `/v2/${name}/blobs/${digest}`, content());
    },
  );

  // The last link goes while another repository mounts the blob.
  // The mount wins: it holds shares of link and blob.
  // The removal waits, the collector sees the new link and leaves the blob.
  test("a mount of the last link", async () => {
    const digest = await pushBlob(berth, name, content());
    const hold = barriers.hold(COMMIT);
    const mounted = exchange(berth, {
      method: "POST",
      path: `/v2/${name}/mounted/blobs/uploads/?mount=${digest}&from=${name}`,
    });
    await hold.reached;
    const removal = exchange(other, { method: "DELETE", path: `/v2/${name}/blobs/${digest}` });
    await lockWaits(berth);
    hold.release();
    expectAnswer(await mounted, { status: 201 });
    expectAnswer(await removal, { status: 202 });
    await collect();
    await expectPulled(other, `/v2/${name}/mounted/blobs/${digest}`, content());
  });

  // Two collectors review the same blobs at once.
  // Both win: each task has one taker.
  // Neither waits for the other.
  test("another collector", async () => {
    await unlinkedBlob();
    const hold = collectorBarriers.hold(COMMIT);
    const first = collector.garbage.reviewBlobs(clock.now(), 100);
    await hold.reached;
    expect(await collector.garbage.reviewBlobs(clock.now(), 100)).toBe(0);
    hold.release();
    expect(await first).toBe(1);
  });
});

describe("the review of a manifest that may have lost its last tag meets", () => {
  const manifest = () => index([], { annotations: { label } });
  const untag = () => exchange(berth, { method: "DELETE", path: `/v2/${name}/manifests/v1` });

  // The reviewer has taken the manifest's task; the tag is removed before it judges.
  // Both win: the removal waits for the task and makes it anew.
  // Nothing is forgotten: a manifest without tag and parent has a task.
  test("the removal of that tag, which comes later", async () => {
    await pushManifest(berth, name, manifest(), "v1");
    const hold = collectorBarriers.hold("gc_judge_manifests");
    const reviewing = collector.garbage.reviewManifests(clock.now(), 100);
    await hold.reached;
    const removal = untag();
    await lockWaits(berth);
    hold.release();
    await reviewing;
    expectAnswer(await removal, { status: 202 });
  });

  // The tag's removal has touched the task and not committed when the reviewer comes.
  // Both win: the reviewer passes the task by, and takes it in its next round.
  // Nothing is forgotten.
  test("the removal of that tag, which came before", async () => {
    await pushManifest(berth, name, manifest(), "v1");
    const hold = barriers.hold(COMMIT);
    const removal = untag();
    await hold.reached;
    expect(await collector.garbage.reviewManifests(clock.now(), 100)).toBe(0);
    hold.release();
    expectAnswer(await removal, { status: 202 });
    expect(await collector.garbage.reviewManifests(clock.now(), 100)).toBe(1);
  });
});

describe("the deletion of objects", () => {
  // A download has begun when its blob is collected and its object deleted.
  // Both win: the grace between the two is longer than any URL, and an open file stays open.
  // The reader gets all bytes.
  test("lets a download under way finish", async () => {
    const content = Buffer.alloc(8 * 1024 * 1024, label);
    const digest = await pushBlob(berth, name, content);
    const response = await berth.fetch(`/v2/${name}/blobs/${digest}`);
    const reader = response.body?.getReader();
    const first = await reader?.read();
    await exchange(other, { method: "DELETE", path: `/v2/${name}/blobs/${digest}` });
    await collect();
    clock.advance(HOUR);
    await collect();
    let size = first?.value?.length ?? 0;
    for (let next = await reader?.read(); next?.done === false; next = await reader?.read())
      size += next.value.length;
    expect(size).toBe(content.length);
  });

  // Two collectors come to the queue of keys at once, and one of them cannot reach storage.
  // Each key has one taker.
  // The one that failed is tried again later; nothing is forgotten.
  test("is tried again where storage failed", async () => {
    const digest = await pushBlob(berth, name, "to be deleted twice");
    await exchange(berth, { method: "DELETE", path: `/v2/${name}/blobs/${digest}` });
    await collect();
    clock.advance(HOUR);
    const broken = collectingFrom(scene, { delete: () => Promise.reject(new Error("no storage")) });
    await expect(collectGarbage(broken, GRACES)).rejects.toThrow("no storage");
    expect((await round()).objects).toBe(0);
    clock.advance(HOUR);
    expect((await round()).objects).toBeGreaterThan(0);
    expect(await rowsOf(berth, "SELECT key FROM object_deletions")).toEqual([]);
  });
});
