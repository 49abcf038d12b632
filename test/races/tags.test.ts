import { afterAll, afterEach, describe, expect, test, vi } from "vitest";
import { COMMIT, lockWaits } from "../support/barrier.ts";
import { exchange, expectAnswer } from "../support/exchange.ts";
import { index, type Manifest } from "../support/manifests.ts";
import { changeRepository, createRepository, pushManifest, putManifest } from "../support/push.ts";
import { rowsOf } from "../support/rows.ts";
import { expectSoundScene, openScene, statusesOf } from "./scene.ts";

vi.mock("../../src/composition/collector.ts", async (original) => ({
  ...(await original<object>()),
  startCollector: () => ({ stop: async () => undefined }),
}));

const scene = await openScene();
const { berth, barriers, other } = scene;
afterAll(() => scene.close());
afterEach(() => expectSoundScene(scene));

/** Manifests that need nothing. */
const ONE = index([], { annotations: { which: "one" } });
const TWO = index([], { annotations: { which: "two" } });

/** Digests that the tag has had, in the order of its revisions; null where it was removed. */
async function historyOf(name: string, tag: string): Promise<readonly (string | null)[]> {
  const rows = await rowsOf<{ digest: string | null }>(
    berth,
    `SELECT encode(h.digest, 'hex') AS digest FROM tag_history h
      JOIN repositories r ON r.id = h.repository_id WHERE r.name = $1 AND h.name = $2 ORDER BY h.revision`,
    [name, tag],
  );
  return rows.map(({ digest }) => digest && `sha256:${digest.slice(2)}`);
}

async function expectTag(name: string, tag: string, { digest }: Manifest): Promise<void> {
  const answer = await exchange(berth, { method: "HEAD", path: `/v2/${name}/manifests/${tag}` });
  expectAnswer(answer, { method: "HEAD", status: 200, answers: { "Docker-Content-Digest": digest } });
}

const untag = (name: string, tag: string) =>
  exchange(other, { method: "DELETE", path: `/v2/${name}/manifests/${tag}` });

describe("two PUTs of one tag", () => {
  // Two pushes of different manifests to one tag meet at the tag's row, or at its unique key when it is new.
  // Both succeed, and the one that commits last has the tag.
  // Nobody loses: both are in the history, in the order in which they took the row.
  test.each(["new", "taken"])(
    "that is %s: the last commit wins, and both are in the history",
    async (state) => {
      const name = `tags/${state}`;
      const before = state === "taken" ? [await pushManifest(berth, name, index([]), "v1")] : [];
      const hold = barriers.hold(COMMIT);
      const first = putManifest(berth, name, ONE, "v1");
      await hold.reached;
      const second = putManifest(other, name, TWO, "v1");
      await lockWaits(berth);
      hold.release();
      expect(statusesOf(await Promise.all([first, second]))).toEqual([201, 201]);
      await expectTag(name, "v1", TWO);
      expect(await historyOf(name, "v1")).toEqual([...before, ONE, TWO].map(({ digest }) => digest));
    },
  );

  // Two pushes set the same two tags, named in opposite order.
  // Both succeed: each takes the tags' rows in the order of their names.
  // Nobody sees a deadlock.
  test("and of another one, in opposite order", async () => {
    await pushManifest(berth, "tags/cross", index([]), "a");
    await pushManifest(berth, "tags/cross", index([]), "b");
    const retries = berth.database.statistics().transactionRetries;
    const put = (node: typeof berth, { digest, mediaType, bytes }: Manifest, query: string) =>
      exchange(node, {
        method: "PUT",
        path: `/v2/tags/cross/manifests/${digest}?${query}`,
        headers: { "content-type": mediaType },
        body: bytes,
      });
    const hold = barriers.hold("tag_record", "after");
    const first = put(berth, ONE, "tag=a&tag=b");
    await hold.reached;
    const second = put(other, TWO, "tag=b&tag=a");
    await lockWaits(berth);
    hold.release();
    expect(statusesOf(await Promise.all([first, second]))).toEqual([201, 201]);
    for (const tag of ["a", "b"]) await expectTag("tags/cross", tag, TWO);
    expect(berth.database.statistics().transactionRetries).toBe(retries);
  });
});

describe("of two first pushes of an immutable tag", () => {
  // Two pushes of a tag that may be set once meet at its unique key.
  // The first one to insert it wins.
  // The other sees TAG_INVALID, and its manifest is not stored; with the same digest it succeeds instead.
  test("with different manifests one wins and the other is TAG_INVALID", async () => {
    await createRepository(berth, "tags/first", { tagMutability: "IMMUTABLE" });
    const hold = barriers.hold(COMMIT);
    const first = putManifest(berth, "tags/first", ONE, "v1");
    await hold.reached;
    const second = putManifest(other, "tags/first", TWO, "v1");
    await lockWaits(berth);
    hold.release();
    expectAnswer(await first, { status: 201 });
    expectAnswer(await second, { status: 400, code: "TAG_INVALID", says: "already exists" });
    await expectTag("tags/first", "v1", ONE);
    expect(await historyOf("tags/first", "v1")).toEqual([ONE.digest]);
    expectAnswer(await exchange(berth, { path: `/v2/tags/first/manifests/${TWO.digest}` }), { status: 404 });
  });

  test("with the same manifest both succeed", async () => {
    await createRepository(berth, "tags/same", { tagMutability: "IMMUTABLE" });
    const hold = barriers.hold(COMMIT);
    const first = putManifest(berth, "tags/same", ONE, "v1");
    await hold.reached;
    const second = putManifest(other, "tags/same", ONE, "v1");
    await lockWaits(berth);
    hold.release();
    expect(statusesOf(await Promise.all([first, second]))).toEqual([201, 201]);
    expect(await historyOf("tags/same", "v1")).toEqual([ONE.digest]);
  });
});

// Two pushes that both want the tag not to exist meet at its unique key.
// The first one to insert it wins.
// The other sees 412 with what the tag points at.
test("of two PUTs with If-None-Match: * one is 201 and the other 412", async () => {
  const wanted = { "if-none-match": "*" };
  const hold = barriers.hold(COMMIT);
  const first = putManifest(berth, "tags/condition", ONE, "v1", wanted);
  await hold.reached;
  const second = putManifest(other, "tags/condition", TWO, "v1", wanted);
  await lockWaits(berth);
  hold.release();
  expectAnswer(await first, { status: 201 });
  expectAnswer(await second, { status: 412, code: "PRECONDITION_FAILED", says: ONE.digest });
  await expectTag("tags/condition", "v1", ONE);
});

// Two pushes that both saw the tag at the same digest meet at its row.
// The first one to lock it wins.
// The other sees 412: the tag is not where it saw it.
test("of two PUTs with the same If-Match one is 201 and the other 412", async () => {
  const before = await pushManifest(berth, "tags/match", index([]), "v1");
  const wanted = { "if-match": `"${before.digest}"` };
  const hold = barriers.hold(COMMIT);
  const first = putManifest(berth, "tags/match", ONE, "v1", wanted);
  await hold.reached;
  const second = putManifest(other, "tags/match", TWO, "v1", wanted);
  await lockWaits(berth);
  hold.release();
  expectAnswer(await first, { status: 201 });
  expectAnswer(await second, { status: 412, code: "PRECONDITION_FAILED", says: ONE.digest });
  await expectTag("tags/match", "v1", ONE);
});

// A push that expects what another one is about to set meets it at the tag's row.
// Both win: the second one waits, and decides by what the tag points at then.
// Nobody loses.
test("a PUT with If-Match of what the other has just set succeeds", async () => {
  await pushManifest(berth, "tags/chain", index([]), "v1");
  const hold = barriers.hold(COMMIT);
  const first = putManifest(berth, "tags/chain", ONE, "v1");
  await hold.reached;
  const second = putManifest(other, "tags/chain", TWO, "v1", { "if-match": `"${ONE.digest}"` });
  await lockWaits(berth);
  hold.release();
  expect(statusesOf(await Promise.all([first, second]))).toEqual([201, 201]);
  await expectTag("tags/chain", "v1", TWO);
});

describe("the removal of a tag meets its move", () => {
  // A DELETE of the tag has its row; a PUT of the tag comes.
  // Both succeed, and the PUT, which commits last, has the tag.
  // The history has all three, in order.
  test("that comes later: the tag is made anew", async () => {
    await pushManifest(berth, "tags/removed", ONE, "v1");
    const hold = barriers.hold(COMMIT);
    const removal = exchange(berth, { method: "DELETE", path: "/v2/tags/removed/manifests/v1" });
    await hold.reached;
    const move = putManifest(other, "tags/removed", TWO, "v1");
    await lockWaits(berth);
    hold.release();
    expectAnswer(await removal, { status: 202 });
    expectAnswer(await move, { status: 201 });
    await expectTag("tags/removed", "v1", TWO);
    expect(await historyOf("tags/removed", "v1")).toEqual([ONE.digest, null, TWO.digest]);
  });

  // A PUT of the tag has its row; a DELETE of it comes.
  // Both succeed, and the DELETE, which commits last, has removed what the PUT had set.
  // The history has all three, in order.
  test("that came before: the tag is gone", async () => {
    await pushManifest(berth, "tags/moved", ONE, "v1");
    const hold = barriers.hold(COMMIT);
    const move = putManifest(berth, "tags/moved", TWO, "v1");
    await hold.reached;
    const removal = untag("tags/moved", "v1");
    await lockWaits(berth);
    hold.release();
    expectAnswer(await move, { status: 201 });
    expectAnswer(await removal, { status: 202 });
    expect(await historyOf("tags/moved", "v1")).toEqual([ONE.digest, TWO.digest, null]);
    expectAnswer(await exchange(berth, { path: "/v2/tags/moved/manifests/v1" }), { status: 404 });
  });

  // The tag moves away from a manifest while that manifest is deleted with all of its tags.
  // Both succeed: the delete takes the manifest and the tags that are still its own.
  // Nobody sees the deadlock that the two may meet in; the tag is where the push put it.
  test("of the manifest that it leaves", async () => {
    await pushManifest(berth, "tags/left", ONE, "v1");
    await scene.collector.garbage.reviewManifests(scene.clock.now(), 100);
    const hold = barriers.hold("tag_lock", "after");
    const move = putManifest(berth, "tags/left", TWO, "v1");
    await hold.reached;
    const removal = exchange(other, { method: "DELETE", path: `/v2/tags/left/manifests/${ONE.digest}` });
    await lockWaits(berth);
    hold.release();
    expectAnswer(await move, { status: 201 });
    expectAnswer(await removal, { status: 202 });
    await expectTag("tags/left", "v1", TWO);
    expectAnswer(await exchange(berth, { path: `/v2/tags/left/manifests/${ONE.digest}` }), { status: 404 });
  });

  // A tag is removed while its manifest is deleted with all of its tags.
  // Both succeed, or the tag was gone already when its removal came.
  // Nobody sees the deadlock that the two may meet in.
  test("and the deletion of its manifest", async () => {
    await pushManifest(berth, "tags/both", ONE, "v1");
    await scene.collector.garbage.reviewManifests(scene.clock.now(), 100);
    const hold = barriers.hold("manifest_parents", "after");
    const removal = exchange(berth, { method: "DELETE", path: `/v2/tags/both/manifests/${ONE.digest}` });
    await hold.reached;
    const tag = untag("tags/both", "v1");
    await lockWaits(berth);
    hold.release();
    expectAnswer(await removal, { status: 202 });
    expect([202, 404]).toContain((await tag).status);
    expect((await historyOf("tags/both", "v1")).at(-1)).toBeNull();
  });
});

describe("a manifest is deleted", () => {
  // A manifest is being deleted by digest when it is pushed again, with a tag.
  // The delete has its row first and wins; the push waits, finds no manifest, and makes it anew.
  // Nobody loses: both succeed.
  test("while it is pushed again", async () => {
    await pushManifest(berth, "tags/again", ONE, "v1");
    const hold = barriers.hold(COMMIT);
    const removal = exchange(berth, { method: "DELETE", path: `/v2/tags/again/manifests/${ONE.digest}` });
    await hold.reached;
    const put = putManifest(other, "tags/again", ONE, "v2");
    await lockWaits(berth);
    hold.release();
    expectAnswer(await removal, { status: 202 });
    expectAnswer(await put, { status: 201 });
    await expectTag("tags/again", "v2", ONE);
  });

  // A push has put a tag on a manifest and not committed yet when the manifest is deleted by digest.
  // The push wins its answer, and the delete, which waits for it, takes the new tag as well.
  // Both succeed; what is left is what the last of them says: nothing.
  test("while it gets another tag", async () => {
    await pushManifest(berth, "tags/tagged", ONE, "v1");
    const hold = barriers.hold(COMMIT);
    const put = putManifest(berth, "tags/tagged", ONE, "v2");
    await hold.reached;
    const removal = exchange(other, { method: "DELETE", path: `/v2/tags/tagged/manifests/${ONE.digest}` });
    await lockWaits(berth);
    hold.release();
    expectAnswer(await put, { status: 201 });
    expectAnswer(await removal, { status: 202 });
    for (const reference of ["v1", "v2", ONE.digest]) {
      expectAnswer(await exchange(berth, { path: `/v2/tags/tagged/manifests/${reference}` }), {
        status: 404,
      });
    }
    expect(await historyOf("tags/tagged", "v2")).toEqual([ONE.digest, null]);
  });
});

describe("a repository becomes immutable while a tag is pushed", () => {
  // A push has read the settings; the change comes before it commits.
  // The push wins: the change waits for pushes in flight.
  // The next push sees TAG_INVALID.
  test("that came before", async () => {
    await pushManifest(berth, "settings/before", index([]), "v1");
    const hold = barriers.hold(COMMIT);
    const put = putManifest(berth, "settings/before", ONE, "v1");
    await hold.reached;
    const change = changeRepository(other, "settings/before", { tagMutability: "IMMUTABLE" });
    await lockWaits(berth);
    hold.release();
    expectAnswer(await put, { status: 201 });
    await change;
    const next = await putManifest(berth, "settings/before", TWO, "v1");
    expectAnswer(next, { status: 400, code: "TAG_INVALID" });
    await expectTag("settings/before", "v1", ONE);
  });

  // The change has the repository's row; a push of a tag that is taken comes.
  // The change wins: pushes read the settings after they got their share of the row.
  // The push sees TAG_INVALID.
  test("that comes later", async () => {
    await pushManifest(berth, "settings/later", ONE, "v1");
    const hold = barriers.hold(COMMIT);
    const change = changeRepository(berth, "settings/later", { tagMutability: "IMMUTABLE" });
    await hold.reached;
    const put = putManifest(other, "settings/later", TWO, "v1");
    await lockWaits(berth);
    hold.release();
    await change;
    expectAnswer(await put, { status: 400, code: "TAG_INVALID" });
    await expectTag("settings/later", "v1", ONE);
  });
});
