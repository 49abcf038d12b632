import { rename } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, describe, expect, test, vi } from "vitest";
import type { BlobStorage } from "../../src/registry/ports/index.ts";
import { version } from "../../src/version.ts";
import { ADMINISTRATOR, basic, type LogLine, startTestBerth, type TestBerth } from "../support/berth.ts";
import { type Answer, exchange, expectAnswer, openRequest, testExchanges } from "../support/exchange.ts";
import { openSession, pushBlob, pushImage, putManifest, underWay } from "../support/push.ts";

const quiet = await startTestBerth();
const chatty = await startTestBerth({ env: { BERTH_ACCESS_LOG: "on" } });
afterAll(() => Promise.all([quiet.stop(), chatty.stop()]));

const ANONYMOUS = { authorization: "" };
await pushImage(quiet, "lib/app", "v1", "operations");
await pushImage(chatty, "lib/app", "v1", "operations");

/** What was found is remembered for a second. */
const LATER = { timeout: 5_000 };

async function ready(berth: TestBerth): Promise<{ status: number; body: unknown }> {
  const { status, body } = await exchange(berth, { path: "/readyz", headers: ANONYMOUS });
  return { status, body: JSON.parse(body.toString()) };
}

describe("health", () => {
  testExchanges(quiet, [
    {
      name: "healthz needs no credentials",
      path: "/healthz",
      headers: ANONYMOUS,
      status: 200,
      answers: { "Content-Type": "application/json" },
      json: { status: "ok", version: version() },
    },
    {
      name: "readyz looks at database and storage",
      path: "/readyz",
      headers: ANONYMOUS,
      status: 200,
      json: { status: "ok", checks: { database: "ok", storage: "ok", writes: "ok" } },
    },
    { name: "HEAD of readyz has no body", method: "HEAD", path: "/readyz", headers: ANONYMOUS, status: 200 },
  ]);

  test("readyz is 503 while storage is away, and says of what kind the failure is; healthz is not", async () => {
    const blobs = join(quiet.dataDir, "blobs");
    await expect.poll(() => ready(quiet), LATER).toMatchObject({ status: 200 });
    await rename(blobs, `${blobs}.away`);
    try {
      await expect
        .poll(() => ready(quiet), LATER)
        .toEqual({
          status: 503,
          body: {
            status: "unavailable",
            checks: { database: "ok", storage: "failed", writes: "failed" },
            reasons: { storage: "missing", writes: "missing" },
          },
        });
      expect(quiet.log.findLast(({ fields }) => fields["route"] === "readyz")?.fields).toMatchObject({
        ...{ status: 503, ip: "127.0.0.1", error: "not ready: storage (missing), writes (missing)" },
      });
      expectAnswer(await exchange(quiet, { path: "/healthz", headers: ANONYMOUS }), { status: 200 });
      const push = {
        method: "POST",
        path: `/v2/lib/app/blobs/uploads/?digest=sha256:${"0".repeat(64)}`,
        body: "x",
      };
      expectAnswer(await exchange(quiet, push), {
        status: 503,
        code: "UNAVAILABLE",
        says: "storage is not available",
        answers: { "Retry-After": /^\d+$/ },
      });
    } finally {
      await rename(`${blobs}.away`, blobs);
    }
    await expect.poll(() => ready(quiet), LATER).toMatchObject({ status: 200 });
    expect(quiet.log.map(({ message, fields }) => [message, fields["check"], fields["reason"]])).toEqual(
      expect.arrayContaining([
        ["a check fails", "storage", "missing"],
        ["a check passes again", "storage", undefined],
      ]),
    );
  });

  test("readyz is 200 where storage takes no writes: what is there can be read", async () => {
    const wrapStorage = (storage: BlobStorage): BlobStorage =>
      Object.assign(Object.create(storage), {
        name: storage.name,
        checkWrites: () => Promise.reject(Object.assign(new Error("no room"), { code: "ENOSPC" })),
      });
    const full = await startTestBerth({ wrapStorage });
    expect(await ready(full)).toEqual({
      status: 200,
      body: {
        status: "degraded",
        checks: { database: "ok", storage: "ok", writes: "failed" },
        reasons: { writes: "full" },
      },
    });
    const { body } = await exchange(full, { path: "/metrics" });
    expect(body.toString()).toMatch(/^berth_ready\{check="database"\} 1\n.*"storage"\} 1\n.*"writes"\} 0$/m);
    await full.stop();
  });

  test("readyz is 503 while the process drains, and what is under way finishes", async () => {
    const berth = await startTestBerth();
    const session = await openSession(berth, "lib/app");
    const upload = openRequest(berth, { method: "PATCH", path: session });
    await upload.send(Buffer.from("con"));
    await underWay(berth, session);
    const stopped = berth.stop();
    const ready = await exchange(berth, { path: "/readyz", headers: ANONYMOUS });
    expectAnswer(ready, { status: 503, json: { status: "draining" }, answers: { Connection: "close" } });
    await upload.send(Buffer.from("tent"));
    expectAnswer(await upload.end(), { status: 202, answers: { Range: "0-6" } });
    await stopped;
  });
});

test("metrics are Prometheus text of requests, durations, bytes, pool, uploads, queues and caches", async () => {
  await exchange(quiet, { path: "/v2/lib/app/manifests/v1" });
  const answer = await exchange(quiet, { path: "/metrics", headers: ANONYMOUS });
  expectAnswer(answer, {
    status: 200,
    answers: { "Content-Type": "text/plain; version=0.0.4; charset=utf-8" },
  });
  const text = answer.body.toString();
  for (const line of [
    /^berth_http_requests_total\{route="getManifest",method="GET",status="200"\} [1-9]\d*$/m,
    /^berth_http_request_seconds_count\{route="getManifest"\} [1-9]\d*$/m,
    /^berth_http_request_seconds_bucket\{route="getManifest",le="\+Inf"\} [1-9]\d*$/m,
    /^berth_http_sent_bytes_total\{route="getManifest"\} [1-9]\d*$/m,
    /^berth_http_received_bytes_total\{route="startUpload"\} [1-9]\d*$/m,
    /^berth_database_connections\{state="idle"\} \d+$/m,
    /^berth_upload_buffered_bytes 0$/m,
    /^berth_body_held_bytes 0$/m,
    /^berth_event_loop_delay_seconds_count [1-9]\d*$/m,
    /^berth_queue_tasks\{queue="links",state="due"\} 0$/m,
    /^berth_queue_tasks\{queue="links",state="waiting"\} 2$/m,
    /^berth_queue_tasks\{queue="uploads",state="waiting"\} 0$/m,
    /^berth_repositories 1$/m,
    /^berth_blobs 2$/m,
    /^berth_stored_bytes [1-9]\d*$/m,
    /^berth_storage_seconds_count\{operation="finish"\} [1-9]\d*$/m,
    /^berth_build_info\{version="\d+\.\d+\.\d+[^"]*",node="v\d+\.[\d.]+"\} 1$/m,
    /^process_cpu_seconds_total [\d.]+$/m,
    /^process_virtual_memory_bytes [1-9]\d{7,}$/m,
    /^process_open_fds [1-9]\d*$/m,
    /^process_max_fds [1-9]\d*$/m,
    /^process_start_time_seconds [1-9]\d{8,}[\d.]*$/m,
    /^berth_manifest_cache_entries 1$/m,
    /^process_resident_memory_bytes [1-9]\d{6,}$/m,
  ]) {
    expect(text).toMatch(line);
  }
  for (const line of text.trim().split("\n"))
    expect(line).toMatch(/^(# (HELP|TYPE) \w+ .+|\w+(\{.*\})? -?[\d.e+]+)$/);
});

describe("the log", () => {
  test("has writes, with who, what, how much, and how it ended", async () => {
    const answer = await exchange(quiet, {
      method: "POST",
      path: `/v2/lib/app/blobs/uploads/?digest=sha256:${"0".repeat(64)}&secret=hush`,
      body: "x".repeat(1000),
    });
    const line = await lineOf(quiet, answer);
    expect(line).toMatchObject({
      level: "info",
      message: "request",
      fields: {
        method: "POST",
        path: "/v2/lib/app/blobs/uploads/",
        route: "startUpload",
        status: 400,
        principal: "arn:aws:iam::000000000000:user/administrator",
        ip: "127.0.0.1",
        fault: "caller",
        ms: expect.any(Number),
      },
    });
    expect(line?.fields["received"]).toBeGreaterThan(1000);
    expect(line?.fields["bytes"]).toBeGreaterThan(answer.body.length);
  });

  test.each([
    ["PUT", "/v2/lib/app/manifests/v1", 201],
    ["DELETE", "/v2/lib/app/manifests/nothing", 404],
    ["POST", "/v2/lib/app/blobs/uploads/", 202],
    ["POST", "/nothing", 404],
  ])("has %s %s, answered %d", async (method, path, status) => {
    const sent = { method, path, headers: { "content-type": "application/json" } };
    const answer =
      method === "PUT"
        ? await putManifest(quiet, "lib/app", await pushImage(quiet, "lib/app", "v1", "logged"), "v1")
        : await exchange(quiet, sent);
    expect(answer.status).toBe(status);
    expect((await lineOf(quiet, answer))?.fields).toMatchObject({ method, status });
  });

  test("has denials of reads", async () => {
    const wrong = basic(ADMINISTRATOR.accessKeyId, "a-wrong-secret-of-somebody");
    const refused = await exchange(quiet, { path: "/v2/", headers: { authorization: wrong } });
    expect(refused.status).toBe(401);
    expect((await lineOf(quiet, refused))?.fields).toMatchObject({
      status: 401,
      error: "the credentials are not valid",
    });
  });

  test("has refused reads, and not what every client asks in vain", async () => {
    const invalid = await exchange(quiet, { path: "/v2/lib/app/tags/list?n=x" });
    expect((await lineOf(quiet, invalid))?.fields).toMatchObject({ status: 400, route: "listTags" });
    const unasked = [
      await exchange(quiet, { path: "/v2/", headers: ANONYMOUS }),
      await exchange(quiet, { method: "HEAD", path: "/v2/lib/app/manifests/nothing" }),
      await exchange(quiet, { path: "/v2/lib/app/manifests/v1" }),
      await exchange(quiet, { path: "/healthz" }),
    ];
    expect(unasked.map(({ status }) => status)).toEqual([401, 404, 200, 200]);
    for (const answer of unasked) expect(await lineOf(quiet, answer)).toBeUndefined();
  });

  test("has successful reads where BERTH_ACCESS_LOG asks for them", async () => {
    const answer = await exchange(chatty, { path: "/v2/lib/app/manifests/v1" });
    expect((await lineOf(chatty, answer))?.fields).toMatchObject({
      method: "GET",
      path: "/v2/lib/app/manifests/v1",
      route: "getManifest",
      status: 200,
    });
  });

  test("takes a client that hangs up for neither error nor bug", async () => {
    const session = await openSession(quiet, "lib/hangs-up");
    const upload = openRequest(quiet, {
      method: "PATCH",
      path: session,
      headers: { "content-length": "100" },
    });
    await upload.send(Buffer.from("some"));
    await underWay(quiet, session);
    upload.abort();
    const line = await vi.waitFor(() => {
      const found = quiet.log.find(({ fields }) => fields["path"] === session);
      expect(found).toBeDefined();
      return found;
    });
    expect(line).toMatchObject({ level: "info", fields: { fault: "gone" } });
  });

  test("has no credential and no query, whatever was asked", async () => {
    const path = `/v2/lib/app/blobs/uploads/?token=hush-hush&digest=sha256:${"1".repeat(64)}`;
    for (const berth of [quiet, chatty]) {
      await exchange(berth, { method: "POST", path, body: "hush" });
      await exchange(berth, { path: "/v2/lib/app/tags/list?last=hush-hush" });
      await exchange(berth, {
        path: "/v2/",
        headers: { authorization: basic("AKIANOBODYKNOWSTHIS0", "hush-hush") },
      });
      const text = JSON.stringify(berth.log);
      for (const secret of [
        "hush",
        "?",
        ADMINISTRATOR.secretAccessKey,
        berth.authorization,
        "uthorization",
      ]) {
        expect(text).not.toContain(secret);
      }
    }
  });

  test("names a blob that was pulled by its path", async () => {
    const digest = await pushBlob(chatty, "lib/app", "pulled");
    const answer = await exchange(chatty, { path: `/v2/lib/app/blobs/${digest}` });
    expect((await lineOf(chatty, answer))?.fields).toMatchObject({ route: "getBlob", status: 200 });
  });
});

/** The line of an answered request. Lines are written when the connection has the answer, so the next request is later. */
async function lineOf(berth: TestBerth, { headers }: Answer): Promise<LogLine | undefined> {
  await exchange(berth, { path: "/healthz" });
  return berth.log.find(({ fields }) => fields["requestId"] === headers["x-request-id"]);
}
