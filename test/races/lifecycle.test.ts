import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { openDatabase } from "../../src/adapters/postgres/database.ts";
import { postgresOrphans } from "../../src/adapters/postgres/lifecycle/orphans.ts";
import { postgresRegistries } from "../../src/adapters/postgres/registries.ts";
import { ORPHAN_GRACE, removeOrphans } from "../../src/lifecycle/orphans.ts";
import { deleteLifecyclePolicy } from "../../src/lifecycle/policies.ts";
import { parseRepositoryName } from "../../src/registry/names.ts";
import { Scopes } from "../../src/registry/scopes.ts";
import { prefixes, rule } from "../lifecycle/builders.ts";
import { Barriers, COMMIT, lockWaits } from "../support/barrier.ts";
import { CAUSE } from "../support/cause.ts";
import { exchange, expectAnswer } from "../support/exchange.ts";
import { done, TestLifecycle } from "../support/lifecycle.ts";
import { entry, index, type Manifest } from "../support/manifests.ts";
import { deleteRepository, pushManifest, putManifest } from "../support/push.ts";
import { rowsOf } from "../support/rows.ts";
import { expectSoundScene, openScene } from "./scene.ts";

vi.mock("../../src/composition/collector.ts", async (original) => ({
  ...(await original<object>()),
  startCollector: () => ({ stop: async () => undefined }),
}));
vi.mock("../../src/composition/lifecycle.ts", () => ({
  startLifecycle: () => ({ stop: async () => undefined }),
}));

const scene = await openScene();
const { berth, other, clock } = scene;
const database = openDatabase({ ...berth.connection, poolSize: 4 }, () => undefined);
const barriers = new Barriers();
const scope = await new Scopes(postgresRegistries(database), ["us-east-1"]).open({
  account: "000000000000",
  region: "us-east-1",
});
/** The node that carries policies out, and another one. */
const running = new TestLifecycle({ database: barriers.wrap(database), clock, scope });
const second = new TestLifecycle({ database, clock, scope });
afterAll(async () => {
  await barriers.close();
  await database.close();
  await scene.close();
});
afterEach(() => expectSoundScene(scene));

let count = 0;
let name = "";
let old: Manifest = index([]);

/** Two images, of which the policy wants the first deleted. */
beforeEach(async () => {
  barriers.clear();
  await rowsOf({ database }, "DELETE FROM lifecycle_policies");
  name = `lifecycle/${++count}`;
  old = await pushManifest(berth, name, index([], { annotations: { which: `old ${name}` } }), "v1");
  clock.advance(1_000);
  await pushManifest(berth, name, index([], { annotations: { which: `new ${name}` } }), "v2");
  await second.put(name, rule(1, prefixes("v")));
});

async function expectStored({ digest }: Manifest, status: number): Promise<void> {
  expectAnswer(await exchange(berth, { path: `/v2/${name}/manifests/${digest}` }), { status });
}

const skipped = done(0, { skipped: 1 });

describe("a run that is about to delete an image, and", () => {
  // A run and a push meet at the manifest's row.
  // Whoever commits first wins: what was tagged, untagged or listed by then stays.
  // The run sees an image that is not what its snapshot says, and leaves it to the next run.
  test.each<[string, () => Promise<unknown>]>([
    [
      "a push that moves its tag away",
      () => pushManifest(other, name, index([], { annotations: { a: name } }), "v1"),
    ],
    ["a push that gives it another tag", () => pushManifest(other, name, old, "w1")],
    ["an index that lists it", () => pushManifest(other, name, index([entry(old)]), "list")],
  ])("%s: it stays", async (_, push) => {
    const hold = barriers.hold("lifecycle_hold_run");
    const run = running.run();
    await hold.reached;
    await push();
    hold.release();
    expect(await run).toEqual(skipped);
    await expectStored(old, 200);
  });

  test("its deletion and another push: what is there then is another manifest, and stays", async () => {
    const hold = barriers.hold("lifecycle_hold_run");
    const run = running.run();
    await hold.reached;
    await exchange(other, { method: "DELETE", path: `/v2/${name}/manifests/${old.digest}` });
    await pushManifest(other, name, old, "v1");
    hold.release();
    expect(await run).toEqual(skipped);
    await expectStored(old, 200);
  });

  // A run that has deleted an image, and a push of it, meet at the same row.
  // The run was first: the push waits, finds no manifest, and stores it anew.
  // Nobody sees an error.
  test("a push that comes when it is deleted: it is stored anew", async () => {
    const hold = barriers.hold(COMMIT);
    // The first transaction of a run is its snapshot.
    const snapshot = running.run();
    await hold.reached;
    const deletion = barriers.hold(COMMIT);
    hold.release();
    await deletion.reached;
    const push = putManifest(other, name, old, "w1");
    await lockWaits(berth);
    deletion.release();
    expectAnswer(await push, { status: 201 });
    expect(await snapshot).toEqual(done(1));
    await expectStored(old, 200);
  });

  // A run and a change of its policy meet at the policy's row.
  // The change wins from the moment it has committed.
  // The run finds that it is not the one any more, and ends.
  test.each<[string, () => Promise<unknown>]>([
    ["another policy", () => second.put(name, rule(1, prefixes("x")))],
    [
      "the deletion of its policy",
      () => deleteLifecyclePolicy(second.ports, scope, parseRepositoryName(name), CAUSE),
    ],
    ["the deletion of its repository", () => deleteRepository(other, name)],
  ])("%s: it ends, and deletes nothing more", async (what, change) => {
    const hold = barriers.hold("lifecycle_hold_run");
    const run = running.run();
    await hold.reached;
    await change();
    hold.release();
    expect(await run).toEqual(done(0, { outcome: "ended" }));
    await expectStored(old, what.includes("repository") ? 404 : 200);
  });

  test("another policy while it deletes: the change waits, and the rest stays", async () => {
    clock.advance(1_000);
    await pushManifest(berth, name, index([], { annotations: { which: `newest ${name}` } }), "v3");
    const lock = barriers.hold("lifecycle_lock_image", "after");
    const run = running.run();
    await lock.reached;
    const change = second.put(name, rule(1, prefixes("x")));
    await lockWaits(berth);
    lock.release();
    await change;
    expect(await run).toEqual(done(1, { outcome: "ended" }));
    await expectStored(old, 404);
  });
});

// Two nodes ask for what is due at once.
// The first one has the policy until it is done or its lease is over.
// The other one finds nothing to do.
test("of two nodes one carries a policy out", async () => {
  const hold = barriers.hold("lifecycle_claim", "after");
  const run = running.run();
  await hold.reached;
  expect(await second.run()).toBeUndefined();
  hold.release();
  expect(await run).toEqual(done(1));
});

test("no push waits for a run that reads", async () => {
  const hold = barriers.hold("lifecycle_images", "after");
  const run = running.run();
  await hold.reached;
  await pushManifest(berth, name, index([], { annotations: { which: `more ${name}` } }), "v1");
  await exchange(other, { method: "DELETE", path: `/v2/${name}/manifests/v2` });
  hold.release();
  expect(await run).toEqual(skipped);
});

// The removal of a referrer and the push of its subject meet nowhere: the removal looks when it has the referrer's row.
// A subject that is there by then keeps it.
// One that comes later finds it gone.
test("a referrer whose subject comes back before it goes stays", async () => {
  const referrer = await pushManifest(berth, name, index([], { subject: entry(old) }), "sig");
  await exchange(berth, { method: "DELETE", path: `/v2/${name}/manifests/sig` });
  await exchange(berth, { method: "DELETE", path: `/v2/${name}/manifests/${old.digest}` });
  await rowsOf({ database }, "DELETE FROM lifecycle_policies");
  const clean = () =>
    removeOrphans({ orphans: postgresOrphans(barriers.wrap(database)), clock }, () => false);
  await clean();
  clock.advance(ORPHAN_GRACE);
  const hold = barriers.hold("orphans_lock");
  const cleaned = clean();
  await hold.reached;
  await pushManifest(other, name, old, "v1");
  hold.release();
  expect((await cleaned).removed).toBe(0);
  await expectStored(referrer, 200);
});
