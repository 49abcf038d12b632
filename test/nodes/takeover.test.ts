import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { openStorage } from "../../src/composition/storage.ts";
import type { BlobStorage } from "../../src/registry/ports/index.ts";
import type { TestBerth } from "../support/berth.ts";
import { collectEverything } from "../support/crash/collect.ts";
import { digestOf } from "../support/crash/pushes.ts";
import { until } from "../support/embedded.ts";
import { type Answer, exchange, expectError, openRequest } from "../support/exchange.ts";
import { openSession } from "../support/push.ts";
import { rowsOf } from "../support/rows.ts";
import {
  attemptBegan,
  listening,
  makeBarrier,
  makeSharedHome,
  type SharedHome,
  type SharedStorage,
  STORAGES,
  startNodeOn,
} from "./two-nodes.ts";

const MiB = 1024 * 1024;

describe.each(STORAGES)("a session that another node took over, on %s", (storage) => {
  test.each([
    ["small", 1000],
    ["of more than a part", 9 * MiB],
  ])("a writer that stalled in its body gets 416 with the true range: %s", async (_, size) => {
    const { shared, a, b, session } = await twoNodes(storage);
    const [first, stalled, taken] = [randomBytes(size), randomBytes(size), randomBytes(size + 5)];
    expect((await patch(b, session, first)).status).toBe(202);
    const writer = openRequest(a, { method: "PATCH", path: session });
    await attemptBegan(a, session, 2);
    await writer.send(stalled.subarray(0, size / 2));

    expect((await patch(b, session, taken)).status).toBe(202);
    await writer.send(stalled.subarray(size / 2)).catch(() => undefined);
    expectFenced(await writer.end(), first.length + taken.length);
    await expectBlob(b, a, session, Buffer.concat([first, taken]));
    await expectNothingLeft(shared, b);
  });

  test("a writer that stalled before its bytes were confirmed gets 416", async () => {
    const barrier = makeBarrier();
    const { shared, a, b, session } = await twoNodes(storage, (inner) =>
      holdAfterFinish(inner, barrier.pass),
    );
    const [stalled, taken] = [randomBytes(2000), randomBytes(3000)];
    const held = patch(a, session, stalled);
    await barrier.reached;
    expect((await patch(b, session, taken)).status).toBe(202);
    barrier.open();
    expectFenced(await held, taken.length);
    await expectBlob(b, a, session, taken);
    await expectNothingLeft(shared, b);
  });

  test("a writer that comes back after the other node has completed the blob learns that the session is over", async () => {
    const { shared, a, b, session } = await twoNodes(storage);
    const [stalled, taken] = [randomBytes(2000), randomBytes(3000)];
    const writer = openRequest(a, { method: "PATCH", path: session });
    await attemptBegan(a, session, 1);
    await writer.send(stalled.subarray(0, 500));
    expect((await patch(b, session, taken)).status).toBe(202);
    await expectBlob(b, a, session, taken);
    // Its storage key is queued for deletion; a writer may be slower than that.
    await expectNothingLeft(shared, b);
    await writer.send(stalled.subarray(500));
    expectError(await writer.end(), "BLOB_UPLOAD_UNKNOWN");
    await expectNothingLeft(shared, b);
  });

  test("a closing PUT that stalled before its commit gives way to a PATCH", async () => {
    const barrier = makeBarrier();
    const { shared, a, b, session } = await twoNodes(storage, (inner) =>
      holdBeforeCommit(inner, barrier.pass),
    );
    const [first, more] = [randomBytes(2000), randomBytes(3000)];
    expect((await patch(b, session, first)).status).toBe(202);
    const held = put(a, session, first);
    await barrier.reached;
    expect((await patch(b, session, more)).status).toBe(202);
    barrier.open();
    expectFenced(await held, first.length + more.length);
    expect((await exchange(a, { path: `/v2/app/blobs/${digestOf(first)}` })).status).toBe(404);
    await expectBlob(b, a, session, Buffer.concat([first, more]));
    await expectNothingLeft(shared, b);
  });

  test("a writer that stalled through two later attempts, one of them given up, changes nothing", async () => {
    const ended: string[] = [];
    const shared = await makeSharedHome(storage);
    const a = await startNodeOn(shared.home);
    const b = await startNodeOn(shared.home, { wrapDatabase: (database) => listening(database, ended) });
    const session = await openSession(a, "app");
    const [first, stalled, taken] = [randomBytes(1000), randomBytes(2 * MiB), randomBytes(2 * MiB)];
    // Through the node that completes it: it need not read anything back.
    expect((await patch(b, session, first)).status).toBe(202);
    const writer = openRequest(a, { method: "PATCH", path: session });
    await attemptBegan(a, session, 2);
    await writer.send(stalled.subarray(0, 1000));

    const range = { "content-range": "1000-1999", "content-length": "1000" };
    const broken = openRequest(b, { method: "PATCH", path: session, headers: range });
    await broken.send(randomBytes(10));
    await attemptBegan(b, session, 3);
    broken.abort();
    await until("the attempt is given up", () => ended.includes("upload_release"));

    expect((await patch(b, session, taken)).status).toBe(202);
    await writer.send(stalled.subarray(1000));
    expectFenced(await writer.end(), first.length + taken.length);
    await expectBlob(b, a, session, Buffer.concat([first, taken]));
    await expectNothingLeft(shared, b);
  });
});

async function twoNodes(
  storage: SharedStorage,
  wrapStorage: (storage: BlobStorage) => BlobStorage = (inner) => inner,
): Promise<{ shared: SharedHome; a: TestBerth; b: TestBerth; session: string }> {
  const shared = await makeSharedHome(storage);
  const a = await startNodeOn(shared.home, { wrapStorage });
  const b = await startNodeOn(shared.home);
  return { shared, a, b, session: await openSession(a, "app") };
}

function holdAfterFinish(storage: BlobStorage, pass: () => Promise<void>): BlobStorage {
  return wrap(storage, {
    async begin(target) {
      const attempt = await storage.begin(target);
      return {
        write: (chunk) => attempt.write(chunk),
        abort: () => attempt.abort(),
        async finish() {
          const finished = await attempt.finish();
          await pass();
          return finished;
        },
      };
    },
  });
}

function holdBeforeCommit(storage: BlobStorage, pass: () => Promise<void>): BlobStorage {
  return wrap(storage, {
    async complete(content, fence) {
      const completed = await storage.complete(content, fence);
      await pass();
      return completed;
    },
  });
}

function wrap(storage: BlobStorage, changed: Partial<BlobStorage>): BlobStorage {
  return {
    name: storage.name,
    begin: (target) => storage.begin(target),
    isComplete: (content) => storage.isComplete(content),
    complete: (content, fence) => storage.complete(content, fence),
    keysOf: (content) => storage.keysOf(content),
    read: (key, size, range) => storage.read(key, size, range),
    delete: (key) => storage.delete(key),
    presign: (key, seconds) => storage.presign(key, seconds),
    check: () => storage.check(),
    checkWrites: () => storage.checkWrites(),
    bufferedBytes: () => storage.bufferedBytes(),
    close: () => storage.close(),
    ...changed,
  };
}

function patch(node: TestBerth, path: string, body: Buffer): Promise<Answer> {
  return exchange(node, { method: "PATCH", path, body });
}

function put(node: TestBerth, session: string, bytes: Buffer): Promise<Answer> {
  return exchange(node, { method: "PUT", path: `${session}?digest=${digestOf(bytes)}` });
}

function expectFenced(answer: Answer, size: number): void {
  expect([answer.status, answer.headers.range], answer.body.toString()).toEqual([416, `0-${size - 1}`]);
  expectError(answer, "RANGE_INVALID");
}

/** Completes the session and reads the blob from the other node. */
async function expectBlob(node: TestBerth, other: TestBerth, session: string, bytes: Buffer): Promise<void> {
  const completed = await put(node, session, bytes);
  expect(completed.status, completed.body.toString()).toBe(201);
  const read = await exchange(other, { path: `/v2/app/blobs/${digestOf(bytes)}` });
  expect([read.status, read.body.equals(bytes)]).toEqual([200, true]);
}

/** Days later the storage has what rows name and nothing else. */
async function expectNothingLeft({ home, objects }: SharedHome, node: TestBerth): Promise<void> {
  const storage = await openStorage(home.config);
  await collectEverything(node.database, storage);
  await storage.close();
  const rows = await rowsOf<{ readonly key: string }>(node, "SELECT key FROM objects");
  expect(await objects.keys()).toEqual(rows.map(({ key }) => key).sort());
  expect(await objects.unfinished()).toBe(0);
}
