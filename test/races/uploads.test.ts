import { randomBytes } from "node:crypto";
import { access } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { collectGarbage } from "../../src/gc/collect.ts";
import { COMMIT, lockWaits, severHeld } from "../support/barrier.ts";
import { HOUR } from "../support/clock.ts";
import { exchange, expectAnswer, openRequest } from "../support/exchange.ts";
import { digestOfText } from "../support/manifests.ts";
import { openSession, pushBlob, underWay } from "../support/push.ts";
import { hexOf, rowsOf } from "../support/rows.ts";
import { collectingFrom, expectPulled, expectSoundScene, GRACES, openScene, statusesOf } from "./scene.ts";

vi.mock("../../src/composition/collector.ts", async (original) => ({
  ...(await original<object>()),
  startCollector: () => ({ stop: async () => undefined }),
}));

const scene = await openScene();
const { berth, barriers, other, clock, collector, collectorBarriers } = scene;
afterAll(() => scene.close());
afterEach(() => expectSoundScene(scene));

const keysOf = async (digest: string): Promise<readonly string[]> =>
  (
    await rowsOf<{ key: string }>(
      berth,
      `SELECT o.key FROM objects o JOIN blobs b ON b.id = o.blob_id WHERE encode(b.digest, 'hex') = $1`,
      [hexOf(digest)],
    )
  ).map(({ key }) => key);

const queuedKeys = async (): Promise<readonly string[]> =>
  (await rowsOf<{ key: string }>(berth, "SELECT key FROM object_deletions")).map(({ key }) => key);

const post = (node: typeof berth, name: string, content: string) =>
  exchange(node, {
    method: "POST",
    path: `/v2/${name}/blobs/uploads/?digest=${digestOfText(content)}`,
    body: content,
  });

/** 20 bytes that no other upload has: of bytes that the registry has already, the new object is given up. */
let bytes = "";
let digest = "";
const renew = (): void => {
  bytes = randomBytes(10).toString("hex");
  digest = digestOfText(bytes);
};
beforeEach(renew);

describe("the same blob uploaded twice at once", () => {
  // Two uploads of one digest meet at the unique row of that digest, in one repository or in two.
  // The first one to insert the row wins, and its object is the blob's.
  // The other uses that row, gives its own object up, and sees 201 all the same.
  test.each([
    ["race/twice", "race/twice"],
    ["race/once", "race/again"],
  ])("to %s and %s is one blob", async (one, two) => {
    const content = `the same from ${one} and ${two}`;
    const digest = digestOfText(content);
    const queuedBefore = (await queuedKeys()).length;
    const hold = barriers.hold(COMMIT);
    const first = post(berth, one, content);
    await hold.reached;
    const second = post(other, two, content);
    await lockWaits(berth);
    hold.release();
    expect(statusesOf(await Promise.all([first, second]))).toEqual([201, 201]);
    expect(await keysOf(digest)).toHaveLength(1);
    expect(await queuedKeys()).toHaveLength(queuedBefore + 1);
    for (const name of [one, two]) await expectPulled(other, `/v2/${name}/blobs/${digest}`, content);
  });

  // The first upload has made the row of the digest and loses its connection to the database.
  // The second one, which waited for that row, makes it itself and wins.
  // The first sees 503, tries again and succeeds; the second never learns of it.
  test("of which the first fails is the second's", async () => {
    const content = "the first one fails";
    const hold = barriers.hold("link_insert");
    const first = post(berth, "race/fails", content);
    await hold.reached;
    const second = post(other, "race/holds", content);
    await lockWaits(berth);
    await severHeld(berth);
    hold.release();
    expectAnswer(await first, { status: 503, code: "UNAVAILABLE" });
    expectAnswer(await second, { status: 201 });
    await expectPulled(berth, `/v2/race/holds/blobs/${digestOfText(content)}`, content);
    // The retry of the first finds the blob and succeeds.
    expectAnswer(await post(berth, "race/fails", content), { status: 201 });
  });
});

describe("the same session from two nodes, the stalled writer coming back", () => {
  const truth = { status: 416, code: "RANGE_INVALID", answers: { Range: "0-19" } };

  // A PATCH that stalls, at whatever point, and a later PATCH of the same session through another node.
  // The later one wins: it bumps the version, and writes where the stalled one cannot reach.
  // The stalled one sees 416 with the true range, and its bytes are nowhere.
  test.each([
    ["before it begins to write", "upload_begin", "after"],
    ["before it confirms", "upload_confirm", "before"],
  ] as const)("%s", async (_where, statement, moment) => {
    for (const start of [0, 4]) {
      renew();
      const name = `race/stalled-${statement.replace("_", "-")}-${start}`;
      const session = await openSession(berth, name);
      if (start > 0) await exchange(berth, { method: "PATCH", path: session, body: bytes.slice(0, start) });
      const hold = barriers.hold(statement, moment);
      const stalled = exchange(berth, { method: "PATCH", path: session, body: "never to be seen again" });
      await hold.reached;
      const range = { "content-range": `${start}-19` };
      const patch = { method: "PATCH", path: session, headers: range, body: bytes.slice(start) };
      expectAnswer(await exchange(other, patch), { status: 202, answers: { Range: "0-19" } });
      hold.release();
      expectAnswer(await stalled, truth);
      expectAnswer(await exchange(berth, { method: "PUT", path: `${session}?digest=${digest}` }), {
        status: 201,
      });
      await expectPulled(other, `/v2/${name}/blobs/${digest}`, bytes);
    }
  });

  test.each([0, 4])("within its body, with %i bytes confirmed", async (start) => {
    const session = await openSession(berth, `race/body-${start}`);
    if (start > 0) await exchange(berth, { method: "PATCH", path: session, body: bytes.slice(0, start) });
    const stalled = openRequest(berth, { method: "PATCH", path: session });
    await stalled.send(Buffer.alloc(3_000_000, "x"));
    await underWay(berth, session);
    const patch = { method: "PATCH", path: session, body: bytes.slice(start) };
    expectAnswer(await exchange(other, patch), { status: 202, answers: { Range: "0-19" } });
    await stalled.send(Buffer.alloc(3_000_000, "y"));
    expectAnswer(await stalled.end(), truth);
    expectAnswer(await exchange(other, { method: "PUT", path: `${session}?digest=${digest}` }), {
      status: 201,
    });
    await expectPulled(berth, `/v2/race/body-${start}/blobs/${digest}`, bytes);
  });

  // A closing PUT that stalls before its commit, and a PATCH through the other node that takes the session over.
  // The PATCH wins, for the session's version is its own by then.
  // The PUT sees 416 with the true range, and there is no blob of a digest that nobody completed.
  test("at the commit of its PUT", async () => {
    const session = await openSession(berth, "race/closing");
    await exchange(berth, { method: "PATCH", path: session, body: bytes });
    const hold = barriers.hold("upload_commit");
    const stalled = exchange(berth, { method: "PUT", path: `${session}?digest=${digest}` });
    await hold.reached;
    expectAnswer(await exchange(other, { method: "PATCH", path: session, body: "!" }), { status: 202 });
    hold.release();
    expectAnswer(await stalled, { ...truth, answers: { Range: "0-20" } });
    expectAnswer(await exchange(other, { path: `/v2/race/closing/blobs/${digest}` }), { status: 404 });
    const whole = digestOfText(`${bytes}!`);
    expectAnswer(await exchange(other, { method: "PUT", path: `${session}?digest=${whole}` }), {
      status: 201,
    });
    await expectPulled(berth, `/v2/race/closing/blobs/${whole}`, `${bytes}!`);
  });

  // The same closing PUT twice, because the client gave the first one up and tried again through the other node.
  // One of them ends the session.
  // The other finds the session gone and the blob there, and sees 201 as well.
  test("with the same PUT", async () => {
    const session = await openSession(berth, "race/closed");
    await exchange(berth, { method: "PATCH", path: session, body: bytes });
    const hold = barriers.hold("upload_commit");
    const stalled = exchange(berth, { method: "PUT", path: `${session}?digest=${digest}` });
    await hold.reached;
    expectAnswer(await exchange(other, { method: "PUT", path: `${session}?digest=${digest}` }), {
      status: 201,
    });
    hold.release();
    expectAnswer(await stalled, { status: 201 });
    await expectPulled(berth, `/v2/race/closed/blobs/${digest}`, bytes);
  });

  // The same closing PUT twice, both with the body: the second takes the session over within the first's body.
  // The second wins, for its version is the current one.
  // The first finds the session gone and the blob there, and sees 201: it is what it wanted.
  test("with the same PUT and its body", async () => {
    const session = await openSession(berth, "race/bodies");
    const hold = barriers.hold("upload_commit");
    const put = { method: "PUT", path: `${session}?digest=${digest}`, body: bytes };
    const stalled = exchange(berth, put);
    await hold.reached;
    expectAnswer(await exchange(other, put), { status: 201 });
    hold.release();
    expectAnswer(await stalled, { status: 201 });
    await expectPulled(berth, `/v2/race/bodies/blobs/${digest}`, bytes);
  });

  // A DELETE of the session meets a PATCH on it.
  // The DELETE wins once it has the row; what the PATCH has written is queued with the rest.
  // The PATCH sees 404.
  test("after a cancellation", async () => {
    await pushBlob(berth, "race/cancelled", "what keeps the repository");
    const session = await openSession(berth, "race/cancelled");
    const hold = barriers.hold("upload_confirm");
    const stalled = exchange(berth, { method: "PATCH", path: session, body: bytes });
    await hold.reached;
    expectAnswer(await exchange(other, { method: "DELETE", path: session }), { status: 204 });
    hold.release();
    expectAnswer(await stalled, { status: 404, code: "BLOB_UPLOAD_UNKNOWN" });
    expectAnswer(await exchange(berth, { path: session }), { status: 404 });
  });
});

describe("the expiry of an upload meets", () => {
  const gone = { status: 404, code: "BLOB_UPLOAD_UNKNOWN" };
  const expire = () =>
    collector.uploads.expire(new Date(clock.now().getTime() - 24 * HOUR), 100, clock.now());

  // Expiry takes the session's row first; a PATCH comes while it has it.
  // Expiry wins.
  // The PATCH waits for the row, finds it gone and sees 404; the next upload of the client begins anew.
  test("a PATCH that comes later", async () => {
    const session = await openSession(berth, "expiry/patch");
    clock.advance(25 * HOUR);
    const hold = collectorBarriers.hold(COMMIT);
    const expiring = expire();
    await hold.reached;
    const patch = exchange(berth, { method: "PATCH", path: session, body: bytes });
    await lockWaits(berth);
    hold.release();
    expect(await expiring).toBe(1);
    expectAnswer(await patch, gone);
  });

  // A PATCH has begun, which renewed the session; expiry comes while its body does.
  // The PATCH wins: the session is not idle.
  // Expiry passes it by and looks again a day later.
  test("a PATCH that came before", async () => {
    const session = await openSession(berth, "expiry/before");
    clock.advance(25 * HOUR);
    const patch = openRequest(berth, { method: "PATCH", path: session });
    await patch.send(Buffer.from(bytes));
    await underWay(berth, session);
    expect(await expire()).toBe(0);
    expectAnswer(await patch.end(), { status: 202 });
    expectAnswer(await exchange(berth, { method: "PUT", path: `${session}?digest=${digest}` }), {
      status: 201,
    });
    await expectPulled(berth, `/v2/expiry/before/blobs/${digest}`, bytes);
  });

  // A PATCH gave no sign of life for a day, and its session expires under it.
  // Expiry wins, and queues the key that the PATCH was writing to.
  // The PATCH sees 404 at its end.
  test("a PATCH that slept for a day", async () => {
    const session = await openSession(berth, "expiry/asleep");
    const patch = openRequest(berth, { method: "PATCH", path: session });
    await patch.send(Buffer.from(bytes));
    await underWay(berth, session);
    const [row] = await rowsOf<{ key: string }>(
      berth,
      "SELECT attempt_key AS key FROM uploads WHERE id = $1",
      [session.split("/").at(-1)],
    );
    clock.advance(25 * HOUR);
    expect(await expire()).toBe(1);
    expectAnswer(await patch.end(), gone);
    expect(await queuedKeys()).toContain(row?.key);
  });

  // The commit of a PUT has taken the session's row; expiry comes before it is over.
  // The PUT wins: expiry passes rows by that somebody works on.
  // Expiry finds nothing, and queues no key of the blob.
  test("the commit of a PUT", async () => {
    const session = await openSession(berth, "expiry/put");
    await exchange(berth, { method: "PATCH", path: session, body: bytes });
    clock.advance(25 * HOUR);
    const hold = barriers.hold(COMMIT);
    const put = exchange(berth, { method: "PUT", path: `${session}?digest=${digest}` });
    await hold.reached;
    expect(await expire()).toBe(0);
    hold.release();
    expectAnswer(await put, { status: 201 });
    await expectPulled(berth, `/v2/expiry/put/blobs/${digest}`, bytes);
  });

  // Expiry has taken the row of a session whose PUT is about to commit.
  // Expiry wins.
  // The PUT waits for the row, finds it gone, makes no blob and sees 404.
  test("a PUT that comes to its commit later", async () => {
    const content = "expired before its commit";
    const session = await openSession(berth, "expiry/late");
    await exchange(berth, { method: "PATCH", path: session, body: content });
    clock.advance(25 * HOUR);
    const hold = collectorBarriers.hold(COMMIT);
    const expiring = expire();
    await hold.reached;
    const put = exchange(berth, { method: "PUT", path: `${session}?digest=${digestOfText(content)}` });
    await lockWaits(berth);
    hold.release();
    expect(await expiring).toBe(1);
    expectAnswer(await put, gone);
    expectAnswer(await exchange(berth, { path: `/v2/expiry/late/blobs/${digestOfText(content)}` }), {
      status: 404,
    });
  });
});

describe("the deletion of an object", () => {
  // A blob was collected and its key is being deleted in storage while the same digest is uploaded again.
  // Both win: keys are random, so the new object has a key of its own.
  // Nobody loses; the old file goes, the new one stays.
  test("meets a new upload of the same digest, which is unharmed", async () => {
    const content = "once more, with feeling";
    const digest = await pushBlob(berth, "deletion/again", content);
    const [old = ""] = await keysOf(digest);
    expectAnswer(await exchange(berth, { method: "DELETE", path: `/v2/deletion/again/blobs/${digest}` }), {
      status: 202,
    });
    await collectGarbage(collector, GRACES);
    clock.advance(HOUR);
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    let reached = (): void => undefined;
    const deleting = new Promise<void>((resolve) => (reached = resolve));
    const round = collectGarbage(
      collectingFrom(scene, {
        async delete(key) {
          if (key === old) {
            reached();
            await held;
          }
          await collector.storage.delete(key);
        },
      }),
      GRACES,
    );
    await deleting;
    await pushBlob(berth, "deletion/again", content);
    const [fresh = ""] = await keysOf(digest);
    expect(fresh).not.toBe(old);
    release();
    await round;
    await expectPulled(berth, `/v2/deletion/again/blobs/${digest}`, content);
    await expect(access(join(berth.dataDir, "blobs", old))).rejects.toThrow();
    expect(await queuedKeys()).not.toContain(old);
  });
});

describe("a closing PUT whose digest must be read back meets an attempt that takes its session over", () => {
  const sha512 = (): string => digestOfText(bytes, "sha512");
  const session = async (name: string): Promise<string> => {
    const opened = await openSession(berth, name);
    expectAnswer(await exchange(berth, { method: "PATCH", path: opened, body: bytes }), { status: 202 });
    return opened;
  };

  // The PUT has begun an attempt and is about to confirm it; a PATCH begins another one.
  // The PATCH wins: the session goes on with its bytes.
  // The PUT finds its confirmation refused, and sees 416 with what the session holds.
  test("before it confirms", async () => {
    const path = await session("race/refused");
    const hold = barriers.hold("upload_confirm");
    const put = exchange(berth, { method: "PUT", path: `${path}?digest=${sha512()}` });
    await hold.reached;
    expectAnswer(await exchange(other, { method: "PATCH", path, body: "more" }), { status: 202 });
    hold.release();
    expectAnswer(await put, { status: 416, answers: { Range: `0-${bytes.length + 3}` } });
    expectAnswer(await exchange(other, { path }), {
      status: 204,
      answers: { Range: `0-${bytes.length + 3}` },
    });
  });
});
