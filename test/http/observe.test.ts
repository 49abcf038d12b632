import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { afterEach, describe, expect, test, vi } from "vitest";
import { ClientGoneError } from "../../src/http/body.ts";
import { type Exchange, Observer } from "../../src/http/observe.ts";
import { Refusal } from "../../src/http/refusal.ts";
import type { Log } from "../../src/log.ts";
import { Metrics } from "../../src/metrics.ts";
import { RegistryError, unavailable } from "../../src/registry/errors.ts";
import { beginExchange } from "../support/begin-exchange.ts";
import { dial, type Sent, send, serve } from "./loopback.ts";

interface Line {
  readonly level: "info" | "warn" | "error";
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

interface Observed extends Sent {
  readonly accessLog?: boolean;
  readonly status?: number;
  readonly route?: string;
  readonly principal?: string;
  readonly error?: unknown;
  /** Milliseconds that the handler takes. */
  readonly takes?: number;
}

afterEach(() => {
  vi.useRealTimers();
});

const CLIENT = { ip: "203.0.113.7", secure: false, host: "x", origin: "http://x" };

/** What an observer wrote: its lines and its metrics. */
function observe(accessLog = false) {
  const lines: Line[] = [];
  const record =
    (level: Line["level"]) =>
    (message: string, fields: Line["fields"] = {}): void =>
      void lines.push({ level, message, fields });
  const log: Log = {
    info: record("info"),
    warn: record("warn"),
    error: record("error"),
    flush: () => undefined,
    dropped: () => 0,
  };
  const metrics = new Metrics();
  return { lines, metrics, observer: new Observer(log, metrics, accessLog) };
}

/** One real exchange, from the request to the end of its answer. */
async function exchange({ accessLog = false, status = 200, takes = 0, ...about }: Observed) {
  const { route = "getManifest", principal, error, ...sent } = about;
  const observed = observe(accessLog);
  const { promise: over, resolve } = Promise.withResolvers<Exchange>();
  vi.useFakeTimers({ toFake: ["performance"] });
  const port = await serve((request, response) => {
    const noted = observed.observer.begin(request, response, beginExchange(request));
    Object.assign(noted, { route, principal, error, client: CLIENT });
    response.once("close", () => resolve(noted));
    vi.advanceTimersByTime(takes);
    request.resume().once("end", () => response.writeHead(status).end("body"));
  });
  await send(port, sent);
  return { ...observed, noted: await over };
}

describe("what is logged", () => {
  const refused = new RegistryError("DENIED", "User: x is not authorized");

  test.each<[string, Observed]>([
    ["a write", { method: "PUT", status: 201 }],
    ["a delete", { method: "DELETE", status: 202 }],
    ["a write that is refused", { method: "PUT", status: 400, error: new RegistryError("TAG_INVALID", "x") }],
    ["a write to nothing", { method: "PUT", status: 404 }],
    ["a read that is denied", { status: 403, error: refused, principal: "arn:x" }],
    ["a read with credentials that are not valid", { status: 401, headers: { Authorization: "Basic eDp5" } }],
    ["a read that is wrong", { status: 400, error: new RegistryError("NAME_INVALID", "x") }],
    ["a slow read", { takes: 1_001 }],
    ["a slow read of nothing", { status: 404, takes: 1_001 }],
    ["a read, where every access is", { accessLog: true }],
    ["a read of nothing, where every access is", { accessLog: true, status: 404 }],
    ["a method that nobody knows", { method: "PROPFIND", status: 405 }],
  ])("%s", async (_, about) => {
    const { lines } = await exchange(about);
    expect(lines).toEqual([expect.objectContaining({ level: "info", message: "request" })]);
  });

  test.each<[string, Observed]>([
    ["a read", {}],
    ["a look at the head", { method: "HEAD" }],
    ["a read of what the client has already", { status: 304 }],
    ["a redirect", { status: 307 }],
    ["a question what may be done", { method: "OPTIONS", status: 204, route: "options" }],
    ["a read of nothing", { status: 404, error: new RegistryError("MANIFEST_UNKNOWN", "x") }],
    ["a first request without credentials", { status: 401, error: new Refusal("UNAUTHORIZED", "x") }],
    ["a read that took a second", { takes: 1_000 }],
    ["a large blob", { takes: 600_000, route: "getBlob" }],
    ["a reader that hung up", { error: new ClientGoneError("x") }],
  ])("%s is not", async (_, about) => {
    expect((await exchange(about)).lines).toEqual([]);
  });

  test("the facts of the exchange", async () => {
    const { lines, noted } = await exchange({
      ...{ method: "PUT", path: "/v2/team/app/manifests/latest", body: "x".repeat(500), takes: 2_345 },
      headers: { "User-Agent": "docker/27.0 (linux)" },
      ...{ status: 403, error: refused, route: "putManifest", principal: "arn:aws:iam::1:user/x" },
    });
    expect(lines[0]?.fields).toEqual({
      requestId: noted.id,
      method: "PUT",
      path: "/v2/team/app/manifests/latest",
      route: "putManifest",
      status: 403,
      bytes: expect.any(Number),
      received: expect.any(Number),
      ms: 2345,
      principal: "arn:aws:iam::1:user/x",
      ip: "203.0.113.7",
      userAgent: "docker/27.0 (linux)",
      slow: true,
      fault: "caller",
      error: "User: x is not authorized",
    });
    expect(lines[0]?.fields["received"]).toBeGreaterThan(500);
    expect(lines[0]?.fields["bytes"]).toBeGreaterThan(4);
  });

  test.each([
    ["docker/27.0", "docker/27.0"],
    [undefined, undefined],
    ["x".repeat(5_000), "x".repeat(200)],
    ["a\tb\u009bc", "a?b?c"],
    ["eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln", "…"],
  ])("of the user agent %j: %j", async (agent, shown) => {
    const headers: Record<string, string> = agent === undefined ? {} : { "User-Agent": agent };
    const { lines } = await exchange({ method: "PUT", headers });
    expect(lines[0]?.fields["userAgent"]).toBe(shown);
  });

  test("never the query, never a credential", async () => {
    const { lines } = await exchange({
      ...{ accessLog: true, path: "/v2/a/blobs/uploads/1?digest=hunter2&state=hunter2?hunter2" },
      headers: { Authorization: "Basic hunter2", Cookie: "hunter2", "Proxy-Authorization": "hunter2" },
    });
    expect(lines).toHaveLength(1);
    expect(lines[0]?.fields["path"]).toBe("/v2/a/blobs/uploads/1");
    expect(JSON.stringify(lines)).not.toMatch(/hunter2|digest=/);
  });

  test.each([
    ["/favicon.ico", "unknown", "/favicon.ico"],
    ["/login/wJalrXUt/K7MDENG/bPxRfiCY", "unknown", "/login/…"],
    ["/wJalrXUtnFEMIK7MDENGbPxRfiCY", "unknown", "/…"],
    ["/wJalrXUtnFEMIK7MDENGbPxRfiCY/x", "unknown", "/…/…"],
    ["//user:hunter2@host/login", "unknown", "//…"],
    ["/eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln", "getManifest", "/…"],
    ["/v2/team/app/manifests/latest", "getManifest", "/v2/team/app/manifests/latest"],
  ])("of the path %s, route %s: %s", async (path, route, shown) => {
    const { lines } = await exchange({ accessLog: true, path, route });
    expect(lines[0]?.fields["path"]).toBe(shown);
  });
});

describe("a fault", () => {
  test("of Berth itself is an error, with its stack, also of a read", async () => {
    const error = new TypeError("x is undefined", { cause: new Error("the cause") });
    const { lines } = await exchange({ status: 500, error });
    expect(lines).toEqual([
      expect.objectContaining({
        level: "error",
        message: "request failed",
        fields: expect.objectContaining({
          ...{ fault: "bug", error: "x is undefined", cause: "the cause", stack: error.stack },
        }),
      }),
    ]);
  });

  test("that is no error object is written as text", async () => {
    const { lines } = await exchange({ status: 500, error: "thrown text" });
    expect(lines[0]).toMatchObject({ level: "error", fields: { fault: "bug", error: "thrown text" } });
  });

  test("of a dependency is a warning, with its cause and without a stack", async () => {
    const { lines } = await exchange({
      status: 503,
      error: unavailable("storage", new Error("ECONNREFUSED")),
    });
    expect(lines).toEqual([expect.objectContaining({ level: "warn", message: "dependency failed" })]);
    expect(lines[0]?.fields).toMatchObject({ fault: "dependency", cause: "ECONNREFUSED" });
    expect(lines[0]?.fields).not.toHaveProperty("stack");
  });

  test("that no exchange could take is an error", () => {
    const { observer, lines } = observe();
    const error = new Error("edge");
    observer.failed(error);
    expect(lines).toEqual([
      { level: "error", message: "edge failed", fields: { error: "edge", stack: error.stack } },
    ]);
  });
});

describe("metrics", () => {
  test("count exchange, duration and bytes by route", async () => {
    const { metrics } = await exchange({
      method: "PUT",
      status: 201,
      route: "putManifest",
      body: "x".repeat(900),
      takes: 30,
    });
    const text = await metrics.render();
    expect(text).toMatch('berth_http_requests_total{route="putManifest",method="PUT",status="201"} 1\n');
    expect(text).toMatch('berth_http_request_seconds_bucket{route="putManifest",le="0.025"} 0\n');
    expect(text).toMatch('berth_http_request_seconds_bucket{route="putManifest",le="0.05"} 1\n');
    const received = /berth_http_received_bytes_total\{route="putManifest"\} (\d+)/.exec(text)?.[1];
    expect(Number(received)).toBeGreaterThan(900);
    expect(Number(received)).toBeLessThan(1_500);
  });

  test("know few methods, so that no client can make as many series as it likes", async () => {
    const { metrics } = await exchange({ method: "PROPFIND", status: 405, route: "unknown" });
    expect(await metrics.render()).toMatch('{route="unknown",method="other",status="405"} 1\n');
  });

  test("escape their labels", async () => {
    const { metrics } = await exchange({ route: 'a"b\\c\nd' });
    expect(await metrics.render()).toMatch(String.raw`{route="a\"b\\c\nd",method="GET",status="200"} 1`);
  });
});

test("every exchange has an id of its own, which tells nothing of the node", async () => {
  const { observer } = observe();
  const ids = new Set<string>();
  const port = await serve((request, response) => {
    ids.add(observer.begin(request, response, beginExchange(request)).id);
    response.end();
  });
  for (let count = 0; count < 5; count++) await send(port);
  expect(ids.size).toBe(5);
  for (const id of ids)
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test("a client that leaves before its answer is over has ended its exchange", async () => {
  const { observer, metrics } = observe();
  const { promise: begun, resolve } = Promise.withResolvers<[IncomingMessage, ServerResponse]>();
  const port = await serve((request, response) => {
    observer.begin(request, response, beginExchange(request)).route = "getBlob";
    response.write("part");
    resolve([request, response]);
  });
  const socket = await dial(port);
  socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  const [, response] = await begun;
  socket.destroy();
  await once(response, "close");
  expect(await metrics.render()).toMatch(
    'berth_http_requests_total{route="getBlob",method="GET",status="200"} 1\n',
  );
});
