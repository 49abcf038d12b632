import { randomBytes } from "node:crypto";
import { expect, onTestFinished, test } from "vitest";
import { openStorage } from "../../src/composition/storage.ts";
import { makeTestHome, startTestBerth, type TestBerth, type TestHome } from "../support/berth.ts";
import { ask, type Reply } from "../support/crash/client.ts";
import { collectEverything } from "../support/crash/collect.ts";
import { s3Env, standInObjects } from "../support/crash/objects.ts";
import { digestOf } from "../support/crash/pushes.ts";
import { makeSeverable, type Severable } from "../support/crash/severable.ts";
import { until } from "../support/embedded.ts";
import { openRequest } from "../support/exchange.ts";
import { rowsOf } from "../support/rows.ts";

/** More than a part: with this the storage is needed before the body has ended. */
const BIG = 9 * 1024 * 1024;

test("a storage that is dead is a 503 where bytes are needed, and ends by itself", async () => {
  const { berth, way, home, keys } = await startOnSeverableStorage();
  const bytes = randomBytes(1000);
  const upload = { method: "POST", path: `/v2/app/blobs/uploads/?digest=${digestOf(bytes)}`, body: bytes };
  expect((await ask(berth.url, upload)).status).toBe(201);
  const other = randomBytes(1000);
  const session = await sessionOf(berth);
  expect((await ask(berth.url, { method: "PATCH", path: session, body: other })).status).toBe(202);
  const half = openRequest(berth, { method: "PATCH", path: await sessionOf(berth) });
  await half.send(randomBytes(BIG / 2));

  await way.cut();
  await half.send(randomBytes(BIG / 2)).catch(() => undefined);
  const cutOff = half.end();
  const fresh = randomBytes(2000);
  const freshUpload = {
    method: "POST",
    path: `/v2/app/blobs/uploads/?digest=${digestOf(fresh)}`,
    body: fresh,
  };
  for (const asked of [
    freshUpload,
    { method: "GET", path: `/v2/app/blobs/${digestOf(bytes)}` },
    { method: "PATCH", path: session, body: other },
    { method: "GET", path: "/readyz" },
  ]) {
    expectRefusal(await ask(berth.url, asked), `${asked.method} ${asked.path}`);
  }
  expect(await cutOff.then(({ status }) => status)).toBe(503);
  const head = await ask(berth.url, { method: "HEAD", path: `/v2/app/blobs/${digestOf(bytes)}` });
  expect(head.status, "what needs no bytes goes on").toBe(200);

  await way.mend();
  await until(
    "it is ready",
    async () => (await ask(berth.url, { method: "GET", path: "/readyz" })).status === 200,
  );
  const read = await ask(berth.url, { method: "GET", path: `/v2/app/blobs/${digestOf(bytes)}` });
  expect(read.body.equals(bytes)).toBe(true);
  expect((await ask(berth.url, freshUpload)).status).toBe(201);
  const state = await ask(berth.url, { method: "GET", path: session });
  expect([state.status, state.headers["range"]]).toEqual([204, "0-999"]);
  const end = { method: "PUT", path: `${session}?digest=${digestOf(other)}` };
  expect((await ask(berth.url, end)).status).toBe(201);
  expect(berth.log.filter(({ level }) => level === "error")).toEqual([]);

  const storage = await openStorage(home.config);
  await collectEverything(berth.database, storage);
  await storage.close();
  const rows = await rowsOf<{ readonly key: string }>(berth, "SELECT key FROM objects");
  expect(await keys()).toEqual(rows.map(({ key }) => key).sort());
});

function expectRefusal({ status, headers }: Reply, call: string): void {
  expect([status, Number(headers["retry-after"]) >= 1], call).toEqual([503, true]);
}

async function sessionOf({ url }: TestBerth): Promise<string> {
  const opened = await ask(url, { method: "POST", path: "/v2/app/blobs/uploads/" });
  expect(opened.status).toBe(202);
  return String(opened.headers.location);
}

async function startOnSeverableStorage(): Promise<{
  readonly berth: TestBerth;
  readonly way: Severable;
  readonly home: TestHome;
  readonly keys: () => Promise<readonly string[]>;
}> {
  const { server, close, keys } = await standInObjects();
  onTestFinished(close);
  const way = await makeSeverable({ host: "127.0.0.1", port: Number(new URL(server.endpoint).port) });
  onTestFinished(() => way.close());
  const home = await makeTestHome(s3Env({ ...server, endpoint: `http://127.0.0.1:${way.port}` }));
  onTestFinished(() => home.remove());
  const berth = await startTestBerth({ home });
  onTestFinished(() => berth.stop());
  return { berth, way, home, keys };
}
