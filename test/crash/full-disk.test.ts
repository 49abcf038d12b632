import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { openStorage } from "../../src/composition/storage.ts";
import { makeTestHome, startTestBerth } from "../support/berth.ts";
import { ask } from "../support/crash/client.ts";
import { collectEverything } from "../support/crash/collect.ts";
import { filesOf } from "../support/crash/objects.ts";
import { digestOf } from "../support/crash/pushes.ts";
import { rowsOf } from "../support/rows.ts";

const MiB = 1024 * 1024;
const run = promisify(execFile);

test("a full disk is a 503 that says so; nothing is lost, and with space it goes on", async ({ skip }) => {
  const home = await makeTestHome();
  onTestFinished(() => home.remove());
  const folder = join(home.dataDir, "blobs");
  await mkdir(folder, { mode: 0o700 });
  skip(process.getuid?.() !== 0, "a small disk can be mounted by root alone");
  const refusal = await run("mount", ["-t", "tmpfs", "-o", "size=6m,mode=0700", "tmpfs", folder]).then(
    () => undefined,
    (error: Error) => error.message,
  );
  skip(refusal !== undefined, `a small disk cannot be mounted here: ${refusal}`);
  onTestFinished(async () => void (await run("umount", [folder])));
  const berth = await startTestBerth({ home });
  onTestFinished(() => berth.stop());
  const kept = randomBytes(MiB);
  expect((await push(berth.url, kept)).status).toBe(201);
  const session = String(
    (await ask(berth.url, { method: "POST", path: "/v2/app/blobs/uploads/" })).headers.location,
  );
  const start = randomBytes(100_000);
  expect((await ask(berth.url, { method: "PATCH", path: session, body: start })).status).toBe(202);

  const ballast = join(home.dataDir, "blobs/ballast");
  await writeFile(ballast, Buffer.alloc(4 * MiB));
  const big = randomBytes(3 * MiB);
  for (const reply of [
    await push(berth.url, big),
    await ask(berth.url, { method: "PATCH", path: session, body: big }),
  ]) {
    expect([reply.status, reply.headers["retry-after"]]).toEqual([503, "60"]);
    expect(reply.body.toString()).toContain("storage (it is full)");
  }
  expect((await read(berth.url, kept)).body.equals(kept)).toBe(true);

  const ready = await ask(berth.url, { method: "GET", path: "/readyz" });
  expect([ready.status, JSON.parse(ready.body.toString())]).toMatchObject([
    200,
    { status: "degraded", checks: { storage: "ok", writes: "failed" }, reasons: { writes: "full" } },
  ]);

  await rm(ballast);
  expect((await push(berth.url, big)).status).toBe(201);
  expect((await read(berth.url, big)).body.equals(big)).toBe(true);
  const end = await ask(berth.url, { method: "PUT", path: `${session}?digest=${digestOf(start)}` });
  expect(end.status, "the session is as it was before the disk was full").toBe(201);
  expect((await read(berth.url, start)).body.equals(start)).toBe(true);
  expect(berth.log.filter(({ level }) => level === "error")).toEqual([]);

  await collectEverything(berth.database, await openStorage(home.config));
  const rows = await rowsOf<{ readonly key: string }>(berth, "SELECT key FROM objects");
  expect(await filesOf(home.dataDir).keys()).toEqual(rows.map(({ key }) => key).sort());
});

function push(url: string, bytes: Buffer): ReturnType<typeof ask> {
  return ask(url, { method: "POST", path: `/v2/app/blobs/uploads/?digest=${digestOf(bytes)}`, body: bytes });
}

function read(url: string, bytes: Buffer): ReturnType<typeof ask> {
  return ask(url, { method: "GET", path: `/v2/app/blobs/${digestOf(bytes)}` });
}
