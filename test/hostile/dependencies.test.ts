import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { openDatabase } from "../../src/adapters/postgres/database.ts";
import { guardStorage } from "../../src/registry/guarded-storage.ts";
import type { BlobStorage } from "../../src/registry/ports/index.ts";
import { expectSound } from "../races/invariants.ts";
import { lockWaits } from "../support/barrier.ts";
import { makeTestHome, startTestBerth } from "../support/berth.ts";
import { type Answer, exchange, expectAnswer, openRequest, type Sent } from "../support/exchange.ts";
import { digestOfText } from "../support/manifests.ts";
import { layerOf, openSession, pushImage, underWay } from "../support/push.ts";
import { startDatabaseProxy } from "./database-proxy.ts";

/** The timeouts of production, a hundred times shorter. */
const TIMEOUTS = { statement: 300, connect: 150, read: 150 };

const home = await makeTestHome();
const proxy = await startDatabaseProxy(home.connection.main);
const connection = { main: proxy.connection, direct: proxy.connection };
const direct = openDatabase({ ...home.connection, poolSize: 2 }, () => undefined);
/** Where every call of the storage goes through. */
let storageState: () => Promise<void> = async () => undefined;
const berth = await startTestBerth({
  home,
  wrapDatabase: () => openDatabase({ ...connection, poolSize: 4, timeouts: TIMEOUTS }, () => undefined),
  wrapStorage: (storage) => guardStorage(inTheWay(storage)),
});
afterAll(async () => {
  proxy.set("open");
  await berth.stop();
  await berth.database.close();
  await direct.close();
  await proxy.close();
  await home.remove();
});

const NAME = "faults/app";
const IMAGE = await pushImage(berth, NAME, "v1", "faults");
const LAYER = digestOfText(layerOf("faults"));
let session = "";

beforeEach(async () => {
  session = await openSession(berth, NAME);
});
afterEach(async () => {
  proxy.set("open");
  storageState = async () => undefined;
  // Recovers by itself.
  await expectReadiness(200);
  session = await openSession(berth, NAME);
  for (const request of requests()) {
    const { status, body } = await exchange(berth, request);
    expect(status, `${request.method} ${request.path}: ${body}`).toBeLessThan(400);
  }
  await expectSound({ database: direct, dataDir: berth.dataDir });
  expect(berth.log.filter(({ level }) => level === "error")).toEqual([]);
});

/** One request of every kind; all of them succeed in health, again and again. */
function requests(): readonly Sent[] {
  const body = "faults on the way";
  return [
    { method: "GET", path: `/v2/${NAME}/manifests/v1` },
    { method: "HEAD", path: `/v2/${NAME}/manifests/${IMAGE.digest}` },
    { method: "GET", path: `/v2/${NAME}/blobs/${LAYER}` },
    { method: "HEAD", path: `/v2/${NAME}/blobs/${LAYER}` },
    { method: "GET", path: `/v2/${NAME}/tags/list` },
    { method: "GET", path: "/v2/_catalog" },
    { method: "GET", path: `/v2/${NAME}/referrers/${IMAGE.digest}` },
    { method: "POST", path: `/v2/${NAME}/blobs/uploads/` },
    { method: "POST", path: `/v2/${NAME}/blobs/uploads/?digest=${digestOfText(body)}`, body },
    { method: "POST", path: `/v2/${NAME}/mount/blobs/uploads/?mount=${LAYER}&from=${NAME}` },
    { method: "PATCH", path: session, body },
    { method: "GET", path: session },
    {
      method: "PUT",
      path: `/v2/${NAME}/manifests/v1`,
      headers: { "content-type": IMAGE.mediaType },
      body: IMAGE.bytes,
    },
  ];
}

/** What was found is remembered for a second. */
async function expectReadiness(status: 200 | 503): Promise<void> {
  const look = async (): Promise<void> =>
    void expectAnswer(await exchange(berth, { path: "/readyz" }), { status });
  await vi.waitFor(look, { interval: 20, timeout: 5_000 });
}

function expectUnavailable(answer: Answer, request: Sent): void {
  const what = `${request.method} ${request.path}: ${answer.body}`;
  expect(answer.status, what).toBe(503);
  expect(answer.headers["retry-after"], what).toMatch(/^\d+$/);
  if (request.method === "HEAD") return;
  const { errors } = JSON.parse(answer.body.toString());
  expect(errors[0].code, what).toBe("UNAVAILABLE");
  // Never where the database is, or what is wrong with it.
  expect(answer.body.toString()).not.toMatch(/127\.0\.0\.1|ECONN|postgres|timeout|\/tmp\//i);
}

/** All at once, each within the time. */
async function expectAllUnavailable(all: readonly Sent[], milliseconds: number): Promise<void> {
  const started = performance.now();
  const answers = await Promise.all(
    all.map(async (request) => [await exchange(berth, request), request] as const),
  );
  for (const [answer, request] of answers) expectUnavailable(answer, request);
  expect(performance.now() - started).toBeLessThan(milliseconds);
}

describe("a database", () => {
  test("that is gone is 503 for every request, at once", async () => {
    proxy.set("cut");
    await expectAllUnavailable(requests(), 1_500);
    expect((await exchange(berth, { path: "/healthz" })).status).toBe(200);
    await expectReadiness(503);
  });

  test("that hangs is 503 for every request, within the timeouts", async () => {
    proxy.set("hang");
    await expectAllUnavailable(requests(), 3_000);
    expect((await exchange(berth, { path: "/healthz" })).status).toBe(200);
  });

  test("that takes no new connection is 503 for every request, within the timeouts", async () => {
    proxy.set("cut");
    proxy.set("hang");
    await expectAllUnavailable(requests(), 3_000);
  });

  test("that loses the connection of a read in flight is asked again", async () => {
    let reading: Promise<Answer> | undefined;
    await direct.transaction(async (tx) => {
      await tx.query({ name: "in_the_way", text: "LOCK TABLE manifests IN ACCESS EXCLUSIVE MODE" }, []);
      reading = exchange(berth, { path: `/v2/${NAME}/manifests/v1` });
      await lockWaits({ database: direct });
      const text = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'`;
      await tx.query({ name: "terminate_waiting", text }, []);
    });
    expect((await reading)?.status).toBe(200);
  });

  test("that hangs and then dies is 503", async () => {
    proxy.set("hang");
    const asking = expectAllUnavailable(requests(), 3_000);
    await new Promise((resolve) => setTimeout(resolve, 20));
    proxy.set("cut");
    await asking;
  });

  test("that only pauses is not noticed", async () => {
    proxy.set("hang");
    const asking = Promise.all(requests().map((request) => exchange(berth, request)));
    await new Promise((resolve) => setTimeout(resolve, 30));
    proxy.set("open");
    for (const { status, body } of await asking) expect(status, body.toString()).toBeLessThan(400);
  });

  test("whose connections are cut, one by one and all of them, serves on", async () => {
    const text = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name = 'berth'`;
    for (let at = 0; at < 3; at++) {
      const asking = Promise.all(requests().map((request) => exchange(berth, request)));
      await direct.run({ name: "terminate", text }, []).catch(() => undefined);
      for (const { status, body } of await asking)
        expect([200, 201, 202, 204, 503], body.toString()).toContain(status);
    }
  });

  test("that dies within an upload is 503 at its end, and the upload can be repeated", async () => {
    const content = "comes while the database is gone";
    const digest = digestOfText(content);
    const put = openRequest(berth, { method: "PUT", path: `${session}?digest=${digest}` });
    await put.send(Buffer.from(content));
    await underWay({ ...berth, database: direct }, session);
    proxy.set("cut");
    expectUnavailable(await put.end(), { method: "PUT", path: session });
    proxy.set("open");
    await vi.waitFor(async () => {
      const again = { method: "PUT", path: `${session}?digest=${digest}`, body: content };
      expectAnswer(await exchange(berth, again), { status: 201 });
    });
    expectAnswer(await exchange(berth, { path: `/v2/${NAME}/blobs/${digest}` }), { status: 200, content });
  });

  test("that refuses for want of room is 503 for every request, at once", async () => {
    proxy.set("cut");
    proxy.set("full");
    await expectAllUnavailable(requests(), 1_500);
  });
});

describe("storage", () => {
  /** Requests that need storage. */
  const needy = (): readonly Sent[] =>
    requests().filter(
      ({ method, path }) =>
        method === "PATCH" || /[?]digest=/.test(path) || (method === "GET" && path.includes("/blobs/sha")),
    );

  test.each([
    ["refuses", Object.assign(new Error("connect ECONNREFUSED 127.0.0.1:9000"), { code: "ECONNREFUSED" })],
    [
      "is full",
      Object.assign(new Error("ENOSPC: no space left on device, write '/tmp/x'"), { code: "ENOSPC" }),
    ],
    [
      "is read-only",
      Object.assign(new Error("EROFS: read-only file system, open '/tmp/x'"), { code: "EROFS" }),
    ],
    [
      "has no descriptors left",
      Object.assign(new Error("EMFILE: too many open files, open '/tmp/x'"), { code: "EMFILE" }),
    ],
    ["breaks", new Error("EIO: i/o error")],
  ])("that %s is 503, and what needs no storage goes on", async (_, failure) => {
    storageState = () => Promise.reject(failure);
    await expectAllUnavailable(needy(), 1_500);
    await expectReadiness(503);
    for (const request of requests().filter(({ path }) => !needy().some((needs) => needs.path === path))) {
      const { status, body } = await exchange(berth, request);
      expect(status, `${request.method} ${request.path}: ${body}`).toBeLessThan(400);
    }
  });

  test("that fails within a body leaves the session as it was", async () => {
    await exchange(berth, { method: "PATCH", path: session, body: "12345" });
    const patch = openRequest(berth, { method: "PATCH", path: session });
    await patch.send(Buffer.from("678"));
    await underWay({ ...berth, database: direct }, session);
    storageState = () => Promise.reject(new Error("EIO: i/o error"));
    expectUnavailable(await patch.end(), { method: "PATCH", path: session });
    storageState = async () => undefined;
    await underWay({ ...berth, database: direct }, session, false);
    expectAnswer(await exchange(berth, { path: session }), { status: 204, answers: { Range: "0-4" } });
    const put = { method: "PUT", path: `${session}?digest=${digestOfText("123456789")}`, body: "6789" };
    expectAnswer(await exchange(berth, put), { status: 201 });
  });
});

/** The same storage, each of whose calls may fail. */
function inTheWay(storage: BlobStorage): BlobStorage {
  return {
    name: storage.name,
    isComplete: (content) => storage.isComplete(content),
    keysOf: (content) => storage.keysOf(content),
    bufferedBytes: () => storage.bufferedBytes(),
    close: () => storage.close(),
    async begin(target) {
      await fault();
      const attempt = await storage.begin(target);
      return {
        write: async (chunk) => {
          await fault();
          await attempt.write(chunk);
        },
        finish: async () => {
          await fault();
          return attempt.finish();
        },
        abort: () => attempt.abort(),
      };
    },
    complete: async (content, fence) => {
      await fault();
      return storage.complete(content, fence);
    },
    read: async (key, size, range) => {
      await fault();
      return storage.read(key, size, range);
    },
    delete: async (key) => {
      await fault();
      await storage.delete(key);
    },
    presign: (key, seconds) => storage.presign(key, seconds),
    check: async () => {
      await fault();
      await storage.check();
    },
    checkWrites: async () => {
      await fault();
      await storage.checkWrites();
    },
  };
}

function fault(): Promise<void> {
  return storageState();
}
