import { afterAll, beforeEach, describe, expect, test, vi } from "vitest";
import { collectGarbage } from "../../src/gc/collect.ts";
import { confirmBlob, mountBlob } from "../../src/registry/blobs.ts";
import type { Digest } from "../../src/registry/digest.ts";
import { deleteManifest } from "../../src/registry/manifests/delete.ts";
import { parseReference } from "../../src/registry/manifests/pull.ts";
import { parseRepositoryName } from "../../src/registry/names.ts";
import { appendToUpload } from "../../src/registry/uploads/append.ts";
import { cancelUpload, startUpload } from "../../src/registry/uploads/start.ts";
import { startTestBerth } from "../support/berth.ts";
import { CAUSE } from "../support/cause.ts";
import { HOUR, MINUTE } from "../support/clock.ts";
import { exchange } from "../support/exchange.ts";
import { blob, digestOfText, entry, image, index } from "../support/manifests.ts";
import { queueDepths } from "../support/queue-depths.ts";
import { GRACES, openTestRegistry, type StorageKind, type TestRegistry } from "../support/registry.ts";
import { rowsOf } from "../support/rows.ts";

const DAY = 24 * HOUR;
const kinds: readonly StorageKind[] = ["filesystem", "s3"];

describe.each(kinds)("collection with %s", async (kind) => {
  const registry = await openTestRegistry(kind);
  afterAll(() => registry.close());
  const { clock, ports, scope } = registry;

  /** Each test begins with nothing stored and nothing queued. */
  beforeEach(async () => {
    const names = await ports.repositories.listNames(scope, "", 1000);
    for (const name of names)
      await ports.repositories.delete(scope, name, { force: true, cause: CAUSE, at: clock.now() });
    await pass(registry, 2 * DAY);
    await pass(registry, HOUR);
    expect(await registry.stored()).toEqual([]);
    expect(await queueDepths(registry)).toEqual({
      links: 0,
      blobs: 0,
      manifests: 0,
      objects: 0,
      uploads: 0,
    });
  });

  test("the bytes of a deleted image leave storage, after the grace of blobs and that of keys", async () => {
    const pushed = await registry.pushImage("lib/app", "deleted", "v1");
    const layer = digestOfText("layer of deleted");
    expect(await registry.stored()).toHaveLength(2);
    await pass(registry, 30 * DAY);
    await remove(registry, "lib/app", pushed.digest);

    await pass(registry, DAY - MINUTE);
    expect(await registry.keyOf("lib/app", layer)).toBeDefined();
    expect(await queueDepths(registry)).toMatchObject({ links: 2, objects: 0 });

    await pass(registry, 2 * MINUTE);
    expect(await registry.keyOf("lib/app", layer)).toBeUndefined();
    expect(await queueDepths(registry)).toMatchObject({ links: 0, blobs: 0, objects: 2 });
    expect(await registry.stored()).toHaveLength(2);

    await pass(registry, GRACES.deletionGrace - MINUTE);
    expect(await registry.stored()).toHaveLength(2);
    await pass(registry, 2 * MINUTE);
    expect(await registry.stored()).toEqual([]);
    expect(await queueDepths(registry)).toMatchObject({ objects: 0 });
    for (const table of ["blobs", "objects", "repository_blobs"]) {
      expect(await rowsOf(registry, `SELECT 1 FROM ${table}`)).toEqual([]);
    }
  });

  test("nothing that a manifest references is touched, and no manifest without a tag", async () => {
    const untagged = await registry.pushImage("lib/kept", "untagged");
    const moved = await registry.pushImage("lib/kept", "moved away from", "latest");
    const child = await registry.pushImage("lib/kept", "child", "latest");
    const list = await registry.pushManifest("lib/kept", index([entry(child)]), "list");
    await registry.pushBlob("lib/kept", "cached layer");
    const cache = await registry.pushManifest("lib/kept", index([blob("cached layer")]));
    const signature = await registry.pushManifest(
      "lib/kept",
      image(JSON.stringify({ config: "child" }), [], { subject: entry(image("nobody", [])) }),
    );
    await registry.pushManifest("lib/kept", list, "removed");
    await remove(registry, "lib/kept", "removed");
    const before = await registry.stored();
    expect(before).toHaveLength(7);
    await pass(registry, DAY + MINUTE);
    await pass(registry, 365 * DAY);
    expect(await registry.stored()).toEqual(before);
    for (const { digest } of [untagged, moved, child, list, cache, signature]) {
      const found = await ports.manifests.findByDigest(scope, parseRepositoryName("lib/kept"), digest);
      expect(found).toMatchObject({ manifest: { digest } });
    }
    expect(await registry.keyOf("lib/kept", digestOfText("cached layer"))).toBeDefined();
    // What has neither tag nor parent waits for retention rules to come.
    expect(await queueDepths(registry)).toMatchObject({ links: 0, blobs: 0, objects: 0, manifests: 4 });
  });

  test("a blob that no manifest ever named goes after its grace", async () => {
    const digest = await registry.pushBlob("lib/app", "pushed in vain");
    await pass(registry, DAY - MINUTE);
    expect(await registry.keyOf("lib/app", digest)).toBeDefined();
    await pass(registry, 2 * MINUTE);
    expect(await registry.keyOf("lib/app", digest)).toBeUndefined();
    await expect(registry.pushManifest("lib/app", image("pushed in vain", []))).rejects.toMatchObject({
      reason: "MANIFEST_BLOB_UNKNOWN",
    });
  });

  test("a blob that is pushed again within its grace has all of it once more", async () => {
    const digest = await registry.pushBlob("lib/app", "pushed again");
    const key = await registry.keyOf("lib/app", digest);
    await pass(registry, 20 * HOUR);
    await registry.pushBlob("lib/app", "pushed again");
    await pass(registry, 20 * HOUR);
    expect(await registry.keyOf("lib/app", digest)).toBe(key);
    await pass(registry, 5 * HOUR);
    expect(await registry.keyOf("lib/app", digest)).toBeUndefined();
  });

  describe("a blob that a client was told of by HEAD", () => {
    const confirm = (digest: Digest) => confirmBlob(ports, scope, parseRepositoryName("lib/app"), digest);
    const waiting = () => rowsOf(registry, "SELECT 1 FROM gc_link_queue WHERE since IS NOT NULL");
    beforeEach(() => ports.batches["confirmed-blobs"]?.flush());

    test("at the end of its grace has all of it once more, from that moment on", async () => {
      const digest = await registry.pushBlob("lib/app", "confirmed late");
      await pass(registry, DAY - 1);
      await confirm(digest);
      await pass(registry, DAY - MINUTE);
      await registry.pushManifest("lib/app", image("confirmed late", []));
    });

    test("past its grace, before the collector came, has all of it once more", async () => {
      const digest = await registry.pushBlob("lib/app", "confirmed too late");
      await registry.settle();
      clock.advance(DAY + HOUR);
      await confirm(digest);
      await pass(registry, DAY - MINUTE);
      await registry.pushManifest("lib/app", image("confirmed too late", []));
    });

    test("within its grace has all of it once more, by one write for all that was told", async () => {
      const digest = await registry.pushBlob("lib/app", "confirmed");
      await pass(registry, 20 * HOUR);
      for (let times = 0; times < 3; times++) await confirm(digest);
      expect(ports.batches["confirmed-blobs"]?.waiting).toBe(1);
      expect(await waiting()).toHaveLength(1);
      await ports.batches["confirmed-blobs"]?.flush();
      expect(await waiting()).toEqual([]);
      await pass(registry, 20 * HOUR);
      await registry.pushManifest("lib/app", image("confirmed", []));
    });

    test("that a manifest names costs no write", async () => {
      const { digest } = await registry.pushImage("lib/app", "named");
      await pass(registry, 2 * DAY);
      await confirm(digestOfText("layer of named"));
      expect(ports.batches["confirmed-blobs"]?.waiting).toBe(0);
      // Told of again it is not looked at: what waits finds no grace to begin anew.
      await confirm(digestOfText("layer of named"));
      expect(ports.batches["confirmed-blobs"]?.waiting).toBe(1);
      await remove(registry, "lib/app", digest);
    });

    test("again, without a look at its grace, has all of it once more", async () => {
      const digest = await registry.pushBlob("lib/app", "confirmed twice");
      await pass(registry, HOUR);
      await confirm(digest);
      await ports.batches["confirmed-blobs"]?.flush();
      await pass(registry, 19 * HOUR);
      await confirm(digest);
      await ports.batches["confirmed-blobs"]?.flush();
      await pass(registry, 23 * HOUR);
      await registry.pushManifest("lib/app", image("confirmed twice", []));
    });

    test("again, when no manifest names it any more, has a whole grace", async () => {
      const { digest } = await registry.pushImage("lib/app", "named then");
      await pass(registry, 2 * DAY);
      await confirm(digestOfText("layer of named then"));
      await remove(registry, "lib/app", digest);
      await pass(registry, MINUTE);
      clock.advance(20 * HOUR);
      await confirm(digestOfText("layer of named then"));
      expect(ports.batches["confirmed-blobs"]?.waiting).toBe(1);
      await ports.batches["confirmed-blobs"]?.flush();
      await pass(registry, 23 * HOUR);
      await confirm(digestOfText("layer of named then"));
    });

    test("again, as its grace is about to end, has all of it once more, from that moment on", async () => {
      const digest = await registry.pushBlob("lib/app", "confirmed early and late");
      await confirm(digest);
      await pass(registry, 1);
      clock.advance(DAY - MINUTE);
      await confirm(digest);
      expect(ports.batches["confirmed-blobs"]?.waiting).toBe(0);
      await pass(registry, DAY - 1);
      await registry.pushManifest("lib/app", image("confirmed early and late", []));
    });

    test("again, in a repository that was made anew, has all of it once more", async () => {
      await registry.pushBlob("lib/app", "confirmed before and after");
      await confirm(digestOfText("confirmed before and after"));
      const how = { force: true, cause: CAUSE, at: clock.now() };
      await ports.repositories.delete(scope, parseRepositoryName("lib/app"), how);
      await pass(registry, MINUTE);
      const digest = await registry.pushBlob("lib/app", "confirmed before and after");
      await pass(registry, 20 * HOUR);
      await confirm(digest);
      await ports.batches["confirmed-blobs"]?.flush();
      await pass(registry, 23 * HOUR);
      await registry.pushManifest("lib/app", image("confirmed before and after", []));
    });

    test("that the collector has taken is unknown", async () => {
      const digest = await registry.pushBlob("lib/app", "taken");
      await pass(registry, DAY + MINUTE);
      await expect(confirm(digest)).rejects.toMatchObject({ reason: "BLOB_UNKNOWN" });
    });
  });

  test("a blob that is mounted again within its grace has all of it once more", async () => {
    const digest = await registry.pushBlob("lib/source", "mounted again");
    await registry.pushManifest("lib/source", image("mounted again", []));
    const target = await registry.repository("lib/target");
    const mount = {
      digest,
      from: parseRepositoryName("lib/source"),
      mayPullFrom: async () => true,
      cause: CAUSE,
    };
    expect(await mountBlob(ports, scope, target, mount)).toBe(true);
    await pass(registry, 20 * HOUR);
    expect(await mountBlob(ports, scope, target, mount)).toBe(true);
    await pass(registry, 20 * HOUR);
    expect(await registry.keyOf("lib/target", digest)).toBeDefined();
    await pass(registry, 5 * HOUR);
    expect(await registry.keyOf("lib/target", digest)).toBeUndefined();
    expect(await registry.keyOf("lib/source", digest)).toBeDefined();
  });

  test("a blob that is pushed again after its collection is whole again, under a key of its own", async () => {
    const digest = await registry.pushBlob("lib/app", "comes back");
    const key = await registry.keyOf("lib/app", digest);
    await pass(registry, DAY);
    expect(await registry.keyOf("lib/app", digest)).toBeUndefined();
    await registry.pushBlob("lib/app", "comes back");
    await registry.pushManifest("lib/app", image("comes back", []));
    await pass(registry, 2 * DAY);
    const now = await registry.keyOf("lib/app", digest);
    expect(now).not.toBe(key);
    expect(await registry.stored()).toEqual([now]);
  });

  test("a blob of two repositories stays until both are done with it", async () => {
    const digest = await registry.pushBlob("lib/one", "shared");
    await registry.pushBlob("lib/two", "shared");
    await registry.pushManifest("lib/one", image("shared", []), "v1");
    await pass(registry, 2 * DAY);
    expect(await registry.keyOf("lib/two", digest)).toBeUndefined();
    expect(await registry.stored()).toEqual([await registry.keyOf("lib/one", digest)]);
    await remove(registry, "lib/one", image("shared", []).digest);
    await pass(registry, DAY);
    await pass(registry, HOUR);
    expect(await registry.stored()).toEqual([]);
  });

  test("the second object of a blob that was uploaded twice goes, the first stays", async () => {
    await registry.pushBlob("lib/app", "twice");
    const kept = await registry.stored();
    await registry.pushBlob("lib/app", "twice");
    expect(await registry.stored()).toHaveLength(2);
    await pass(registry, HOUR);
    expect(await registry.stored()).toEqual(kept);
  });

  test("an upload that is idle for too long ends and gives its bytes back", async () => {
    const address = await openUpload(registry, "lib/app", "half of a layer");
    const idle = await registry.stored();
    expect(idle).toHaveLength(1);
    await pass(registry, 20 * HOUR);
    await append(registry, address, ", and more");
    await pass(registry, 20 * HOUR);
    expect(await ports.uploads.find(address)).toMatchObject({ session: { size: 25 } });
    await pass(registry, 5 * HOUR);
    expect(await ports.uploads.find(address)).toMatchObject({ repository: false });
    expect(await registry.stored()).not.toEqual([]);
    await pass(registry, HOUR);
    expect(await registry.stored()).toEqual([]);
  });

  test("an upload that is cancelled gives its bytes back, without the grace of uploads", async () => {
    const address = await openUpload(registry, "lib/app", "thought better of it");
    await cancelUpload(ports, address, CAUSE);
    await pass(registry, HOUR);
    expect(await registry.stored()).toEqual([]);
  });

  describe("a repository that a push has made", () => {
    const exists = async (name: string) =>
      (await ports.repositories.find(scope, parseRepositoryName(name))) !== undefined;

    test("goes with its only upload when that expires", async () => {
      await openUpload(registry, "made/expired", "never completed");
      await pass(registry, DAY - MINUTE);
      expect(await exists("made/expired")).toBe(true);
      await pass(registry, 2 * MINUTE);
      expect(await exists("made/expired")).toBe(false);
      expect(
        await rowsOf(
          registry,
          "SELECT principal, detail ->> 'because' AS because FROM audit_log WHERE resource LIKE '%:repository/made/expired' AND action = 'ecr:DeleteRepository'",
        ),
      ).toEqual([{ principal: "berth", because: "nothing was put there" }]);
    });

    test("goes when nothing follows, a minute after it was made", async () => {
      await registry.repository("made/left");
      await pass(registry, MINUTE - 1);
      expect(await exists("made/left")).toBe(true);
      await pass(registry, 2);
      expect(await exists("made/left")).toBe(false);
    });

    test.each([
      ["a blob", (name: string) => registry.pushBlob(name, "kept")],
      ["a manifest", (name: string) => registry.pushManifest(name, index([]))],
      [
        "a mounted blob",
        async (name: string) => {
          const digest = await registry.pushBlob("made/source", "mounted");
          const from = parseRepositoryName("made/source");
          const mount = { digest, from, mayPullFrom: async () => true, cause: CAUSE };
          await mountBlob(ports, scope, await registry.repository(name), mount);
        },
      ],
    ])("stays when %s was put there, also when that is gone", async (_, put) => {
      await put("made/used");
      await openUpload(registry, "made/used", "never completed");
      const { id } = await registry.repository("made/used");
      for (const table of ["manifests", "repository_blobs"]) {
        await rowsOf(registry, `DELETE FROM ${table} WHERE repository_id = $1`, [id]);
      }
      await pass(registry, 2 * DAY);
      expect(await exists("made/used")).toBe(true);
    });

    test("stays when somebody has given it settings", async () => {
      const { name } = await registry.repository("made/set");
      await ports.repositories.change(scope, name, { sparse: true }, CAUSE, clock.now());
      await pass(registry, 2 * DAY);
      expect(await exists("made/set")).toBe(true);
    });
  });

  test("a deleted repository is removed by slices, bytes and open uploads included, and no other is touched", async () => {
    for (let at = 0; at < 5; at++) await registry.pushImage("lib/gone", `gone ${at}`, `v${at}`);
    await registry.pushManifest(
      "lib/gone",
      index([entry(await registry.pushImage("lib/gone", "child"))]),
      "list",
    );
    const address = await openUpload(registry, "lib/gone", "never completed");
    const { id } = await registry.repository("lib/gone");
    await ports.repositories.delete(scope, parseRepositoryName("lib/gone"), {
      force: true,
      cause: CAUSE,
      at: clock.now(),
    });
    const kept = await registry.pushImage("lib/gone", "of the same name", "v0");
    const slices: number[] = [];
    for (let removed = 1; removed > 0; slices.push(removed)) {
      removed = await registry.garbage.purgeDeletedRepository(4);
    }
    expect(Math.max(...slices)).toBe(4);
    expect(slices.length).toBeGreaterThan(8);
    expect(await ports.uploads.find(address)).toEqual({ repository: true, session: undefined });
    await pass(registry, DAY);
    await pass(registry, HOUR);
    for (const table of [
      "tags",
      "tag_history",
      "manifests",
      "manifest_blobs",
      "manifest_children",
      "repository_blobs",
      "uploads",
    ]) {
      expect(await rowsOf(registry, `SELECT 1 FROM ${table} WHERE repository_id = $1`, [id]), table).toEqual(
        [],
      );
    }
    expect(await rowsOf(registry, "SELECT 1 FROM repositories WHERE id = $1", [id])).toEqual([]);
    expect(await registry.stored()).toHaveLength(2);
    const found = await ports.manifests.findByDigest(scope, parseRepositoryName("lib/gone"), kept.digest);
    expect(found).toMatchObject({ manifest: { digest: kept.digest } });
  });

  test("two collectors at once share the work: every key is deleted, and by one of them", async () => {
    const count = 60;
    for (let at = 0; at < count; at++) await registry.pushBlob("lib/app", `shared work ${at}`);
    await registry.collect();
    clock.advance(DAY);
    await inParallel(registry);
    clock.advance(HOUR);
    const deleted: string[] = [];
    const remove = vi.spyOn(ports.storage, "delete").mockImplementation(async (key) => {
      deleted.push(key);
    });
    const keys = await registry.stored();
    expect(keys).toHaveLength(count);
    await inParallel(registry);
    remove.mockRestore();
    expect(deleted.toSorted()).toEqual(keys);
    expect(await queueDepths(registry)).toMatchObject({ links: 0, blobs: 0, objects: 0 });
    for (const key of keys) await ports.storage.delete(key);
  });

  test("what else a round has done is told when some of it fails", async () => {
    await registry.pushBlob("lib/app", "cannot go");
    await pass(registry, DAY + MINUTE);
    clock.advance(HOUR);
    await openUpload(registry, "lib/app", "expired in the same round");
    clock.advance(DAY + MINUTE);
    const broken = async (): Promise<never> => {
      throw new Error("broken");
    };
    const garbage = { ...registry.garbage, reviewManifests: broken };
    const round = collectGarbage({ ...ports, garbage, storage: { delete: broken } }, GRACES);
    await expect(round).rejects.toMatchObject({
      message: "broken",
      round: { uploads: 1, manifests: 0, objects: 0 },
    });
    await pass(registry, HOUR);
    await pass(registry, HOUR);
    expect(await registry.stored()).toEqual([]);
  });

  test("a key that storage fails to delete is tried again, and holds nobody up", async () => {
    await registry.pushBlob("lib/app", "fails");
    await registry.pushBlob("lib/app", "does not");
    const failing = await registry.keyOf("lib/app", digestOfText("fails"));
    await pass(registry, DAY);
    clock.advance(HOUR);
    const real = ports.storage.delete.bind(ports.storage);
    const remove = vi.spyOn(ports.storage, "delete").mockImplementation(async (key) => {
      if (key === failing) throw new Error("storage does not answer");
      await real(key);
    });
    await expect(registry.collect()).rejects.toThrow("storage does not answer");
    expect(await registry.stored()).toEqual([failing]);
    remove.mockRestore();
    await registry.settle();
    expect(await registry.stored()).toEqual([failing]);
    expect(await rowsOf(registry, "SELECT attempts FROM object_deletions")).toEqual([{ attempts: 1 }]);
    await pass(registry, 11 * MINUTE);
    expect(await registry.stored()).toEqual([]);
  });

  test("a key that storage no longer has is done with", async () => {
    const digest = await registry.pushBlob("lib/app", "gone already");
    await ports.storage.delete((await registry.keyOf("lib/app", digest)) ?? "");
    await pass(registry, DAY);
    await pass(registry, HOUR);
    expect(await queueDepths(registry)).toMatchObject({ objects: 0 });
  });

  test("pushes that meet the collector end whole or with MANIFEST_BLOB_UNKNOWN, and what was pushed stays", async () => {
    const graces = { ...GRACES, blobGrace: 0, deletionGrace: 0 };
    let pushing = true;
    const collecting = [1, 2].map(async () => {
      while (pushing) await registry.collect(graces);
    });
    const outcomes: string[] = [];
    const push = async (worker: number): Promise<void> => {
      for (let at = 0; at < 12; at++) {
        const label = `raced ${worker} ${at}`;
        await registry.pushBlob("lib/raced", "a layer of all");
        await registry.pushBlob("lib/raced", label);
        const pushed = image(label, ["a layer of all"]);
        const outcome = await registry.pushManifest("lib/raced", pushed).then(
          () => "whole",
          (error: { reason?: string }) => String(error.reason),
        );
        outcomes.push(outcome);
        if (outcome !== "whole") continue;
        for (const digest of [digestOfText(label), digestOfText("a layer of all")]) {
          expect(await registry.stored()).toContain(await registry.keyOf("lib/raced", digest));
        }
        if (at % 2 === 0) await remove(registry, "lib/raced", pushed.digest);
      }
    };
    await Promise.all([push(1), push(2), push(3)]).finally(() => {
      pushing = false;
    });
    await Promise.all(collecting);
    expect(outcomes).toHaveLength(36);
    expect(new Set([...outcomes, "whole", "MANIFEST_BLOB_UNKNOWN"])).toEqual(
      new Set(["whole", "MANIFEST_BLOB_UNKNOWN"]),
    );
    await registry.settle(graces);
    clock.advance(HOUR);
    await registry.settle(graces);
    const alive = await rowsOf<{ key: string }>(
      registry,
      "SELECT DISTINCT o.key FROM objects o JOIN manifest_blobs e ON e.blob_id = o.blob_id",
    );
    expect(await registry.stored()).toEqual(alive.map(({ key }) => key).sort());
  });
});

test("a node that starts takes up what was left to collect", async () => {
  const registry = await openTestRegistry();
  try {
    await registry.pushBlob("lib/app", "left behind");
    await pass(registry, DAY);
    registry.clock.advance(HOUR);
    expect(await registry.stored()).toHaveLength(1);
    const berth = await startTestBerth({ home: registry.home, clock: registry.clock });
    try {
      await vi.waitFor(async () => expect(await registry.stored()).toEqual([]), { interval: 5 });
      await vi.waitFor(async () => {
        const { body } = await exchange(berth, { path: "/metrics" });
        expect(body.toString()).toContain('berth_collected_total{kind="objects"} 1');
      });
    } finally {
      await berth.stop();
    }
  } finally {
    await registry.close();
  }
});

/** Time passes, and the collector does what has become due. */
async function pass(registry: TestRegistry, milliseconds: number): Promise<void> {
  await registry.settle();
  registry.clock.advance(milliseconds);
  await registry.settle();
}

async function remove({ ports, scope }: TestRegistry, name: string, reference: string): Promise<void> {
  await deleteManifest(ports, scope, parseRepositoryName(name), parseReference(reference), CAUSE);
}

type Address = Parameters<TestRegistry["ports"]["uploads"]["find"]>[0];

async function openUpload(registry: TestRegistry, name: string, content: string): Promise<Address> {
  const address = await startUpload(registry.ports, registry.target(name), "sha256");
  await append(registry, address, content);
  return address;
}

async function append({ ports }: TestRegistry, address: Address, content: string): Promise<void> {
  const chunks = (async function* () {
    yield Buffer.from(content);
  })();
  await appendToUpload(ports, { address, chunks, range: undefined });
}

/** Rounds of three collectors at once, until nothing is left. */
async function inParallel(registry: TestRegistry): Promise<void> {
  await Promise.all([registry.settle(), registry.settle(), registry.settle()]);
}
