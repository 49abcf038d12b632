import type { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { RequestListener, ServerResponse } from "node:http";
import { request as httpsRequest } from "node:https";
import { connect as connectTcp } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { connect } from "node:tls";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { Refusals } from "../../src/http/refusals.ts";
import {
  CONNECTION_LIMITS,
  type ConnectionLimits,
  type ListenOptions,
  listen,
} from "../../src/http/server.ts";
import { openLog } from "../../src/log.ts";
import { Metrics } from "../../src/metrics.ts";
import { dial, send } from "./loopback.ts";

const log = openLog();
const refusals = new Refusals(log, new Metrics());

const ok: RequestListener = (request, response) => {
  request.resume().once("end", () => response.end(`${request.method} ${request.url}`));
};

async function start(
  listener = ok,
  more: Partial<ListenOptions> = {},
  limits?: ConnectionLimits,
): Promise<{ port: number; url: string; drain(milliseconds: number): Promise<void> }> {
  const running = await listen(
    listener,
    { host: "127.0.0.1", port: 0, tls: undefined, log, refusals, ...more },
    limits,
  );
  onTestFinished(() => running.drain(0));
  return { url: running.url, port: Number(new URL(running.url).port), drain: (time) => running.drain(time) };
}

/** All that comes back on a connection that sends these bytes. */
async function answerTo(port: number, bytes: string): Promise<string> {
  const socket = await dial(port);
  socket.write(bytes);
  return text(socket);
}

describe("listen", () => {
  test("serves under the URL that it tells", async () => {
    const { port, url } = await start();
    expect(url).toBe(`http://127.0.0.1:${port}`);
    expect(await send(port, { path: "/v2/" })).toMatchObject({ status: 200, body: "GET /v2/" });
  });

  test("puts an address of version 6 into brackets", async () => {
    expect((await start(ok, { host: "::1" })).url).toMatch(/^http:\/\/\[::1\]:\d+$/);
  });

  test("refuses a port that is taken", async () => {
    const { port } = await start();
    await expect(listen(ok, { host: "127.0.0.1", port, tls: undefined, log, refusals })).rejects.toThrow(
      /EADDRINUSE/,
    );
  });
});

describe("what is no HTTP", () => {
  test.each([
    ["text", "hello\r\n\r\n"],
    ["a method with a control character", "G\u0001T / HTTP/1.1\r\nHost: x\r\n\r\n"],
    ["no host", "GET / HTTP/1.1\r\n\r\n"],
    ["two lengths", "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"],
    [
      "length and chunks: a smuggled request",
      "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
    ["a chunk of no size", "PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n"],
  ])("%s is answered 400 and the connection ends", async (_, bytes) => {
    const { port } = await start();
    expect(await answerTo(port, bytes)).toMatch(/^HTTP\/1\.1 400 Bad Request\r\nConnection: close\r\n/);
  });

  test("headers beyond 32 KiB are answered 431", async () => {
    const { port } = await start();
    const request = (size: number): string =>
      `GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nA: ${"x".repeat(size)}\r\n\r\n`;
    expect(await answerTo(port, request(30 * 1024))).toMatch(/^HTTP\/1\.1 200 /);
    expect(await answerTo(port, request(33 * 1024))).toMatch(/^HTTP\/1\.1 431 /);
  });

  test("headers that do not end in time are answered 408", async () => {
    const { port } = await start(ok, {}, { headers: 50, lookEvery: 10, keepAlive: 1_000, firstWord: 50 });
    expect(await answerTo(port, "GET / HTTP/1.1\r\nHost: x\r\nA: b")).toMatch(/^HTTP\/1\.1 408 /);
  });
});

/** What was logged and counted of connections that were refused. */
function watchRefusals() {
  const lines: Record<string, unknown>[] = [];
  const metrics = new Metrics();
  const noting = new Refusals({ warn: (_, fields) => void lines.push({ ...fields }) }, metrics);
  const counted = async (reason: string): Promise<number> =>
    Number(
      new RegExp(`^berth_connections_refused_total\\{reason="${reason}"\\} (\\d+)$`, "m").exec(
        await metrics.render(),
      )?.[1] ?? 0,
    );
  return { refusals: noting, lines, counted };
}

describe("who reaches no handler is told why, logged and counted", () => {
  test.each([
    ["bad_method", "BREW / HTTP/1.1\r\nHost: x\r\n\r\n", /^HTTP\/1\.1 400 [\s\S]*no method that is known/],
    ["bad_method", "CONNECT x:22 HTTP/1.1\r\nHost: x\r\n\r\n", /^HTTP\/1\.1 501 [\s\S]*no proxy\n$/],
    ["bad_request", "GET / HTTP/9.9\r\nHost: x\r\n\r\n", /^HTTP\/1\.1 400 [\s\S]*no HTTP\/1\.1: Invalid/],
    [
      "header_overflow",
      `GET / HTTP/1.1\r\nA: ${"x".repeat(40_000)}\r\n\r\n`,
      /^HTTP\/1\.1 431 [\s\S]*32 KiB\n$/,
    ],
    ["tls_on_plain_port", "\x16\x03\x01\x02\x00\x01", /^HTTP\/1\.1 400 [\s\S]*HTTP without TLS\n$/],
  ])("%s", async (reason, bytes, said) => {
    const { refusals: watched, lines, counted } = watchRefusals();
    const { port } = await start(ok, { refusals: watched });
    expect(await answerTo(port, bytes)).toMatch(said);
    expect(lines).toEqual([{ reason, ip: "127.0.0.1", detail: expect.any(String) }]);
    expect(await counted(reason)).toBe(1);
  });

  test("a request whose headers do not end", async () => {
    const { refusals: watched, counted } = watchRefusals();
    const slow = { headers: 50, lookEvery: 10, keepAlive: 1_000, firstWord: 50 };
    const { port } = await start(ok, { refusals: watched }, slow);
    expect(await answerTo(port, "GET / HTTP/1.1\r\nA: b")).toMatch(/ 408 [\s\S]*did not end in time\n$/);
    expect(await counted("timeout")).toBe(1);
  });

  test("once a minute for each reason, with the number of the others", async () => {
    const { refusals: watched, lines, counted } = watchRefusals();
    vi.useFakeTimers({ toFake: ["performance"] });
    onTestFinished(() => void vi.useRealTimers());
    for (let count = 0; count < 5; count++) watched.note("bad_request", "192.0.2.1", "HPE_X");
    watched.note("bad_method", "192.0.2.1", "HPE_Y");
    vi.advanceTimersByTime(60_000);
    watched.note("bad_request", "192.0.2.2", "HPE_X");
    expect(lines.map(({ reason, others }) => [reason, others])).toEqual([
      ["bad_request", undefined],
      ["bad_method", undefined],
      ["bad_request", 4],
    ]);
    expect(await counted("bad_request")).toBe(6);
  });

  test("but a client that hangs up is no matter", async () => {
    const { refusals: watched, lines } = watchRefusals();
    const { port } = await start(ok, { refusals: watched });
    const socket = await dial(port);
    socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    await once(socket, "data");
    socket.resetAndDestroy();
    expect(await send(port)).toMatchObject({ status: 200 });
    expect(lines).toEqual([]);
  });
});

/** What becomes of a connection that is asked for. */
async function connecting(port: number): Promise<string | undefined> {
  const socket = connectTcp(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return "connected";
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  } finally {
    socket.destroy();
  }
}

describe("drain", () => {
  test("lets a request in flight end, and takes no new connection", async () => {
    const { promise: entered, resolve: enter } = Promise.withResolvers<void>();
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const { port, drain } = await start(async (_, response) => {
      enter();
      await released;
      response.end("whole");
    });
    const answer = send(port);
    await entered;
    const drained = drain(60_000);
    await expect.poll(() => connecting(port)).toBe("ECONNREFUSED");
    release();
    expect(await answer).toMatchObject({ status: 200, body: "whole" });
    await drained;
  });

  test("answers on a connection that nobody had accepted yet", async () => {
    const { port, drain } = await start();
    const socket = connectTcp(port, "127.0.0.1");
    socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    await new Promise((connecting) => process.nextTick(connecting));
    const drained = drain(60_000);
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 200 /);
    await drained;
  });

  test("answers the first request of a connection that it had accepted already", async () => {
    const { port, drain } = await start(ok, {}, { ...CONNECTION_LIMITS, firstWord: 60_000 });
    const socket = await dial(port);
    await send(port);
    const drained = drain(60_000);
    await expect.poll(() => connecting(port)).toBe("ECONNREFUSED");
    socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 200 [\s\S]*\r\nConnection: close\r\n/i);
    await drained;
  });

  test("does not wait for long for a connection that says nothing", async () => {
    const { port, drain } = await start(ok, {}, { ...CONNECTION_LIMITS, firstWord: 1 });
    const socket = await dial(port);
    await Promise.all([drain(60_000), once(socket.resume(), "end")]);
  });

  test("ends a connection with the answer that it waits for", async () => {
    const { promise: entered, resolve: enter } = Promise.withResolvers<ServerResponse>();
    const { port, drain } = await start((_, response) => enter(response));
    const socket = await dial(port);
    socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    const response = await entered;
    const drained = drain(60_000);
    response.end("whole");
    expect(await text(socket)).toMatch(/\r\nConnection: close\r\n[\s\S]*whole$/i);
    await drained;
  });

  test("ends a connection behind an answer that was under way", async () => {
    const { promise: entered, resolve: enter } = Promise.withResolvers<ServerResponse>();
    const { port, drain } = await start((_, response) => {
      response.writeHead(200, { "Content-Length": 4 });
      response.write("wh", () => enter(response));
    });
    const socket = await dial(port);
    socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    const response = await entered;
    const drained = drain(60_000);
    response.end("ol");
    expect(await text(socket)).toMatch(/whol$/);
    await drained;
  });

  test("closes connections that wait for a next request", async () => {
    const { port, drain } = await start();
    const socket = await dial(port);
    socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    await once(socket, "data");
    await Promise.all([drain(60_000), once(socket.resume(), "end")]);
  });

  test("cuts what is left when its time is over", async () => {
    const { promise: entered, resolve: enter } = Promise.withResolvers<void>();
    const { port, drain } = await start(() => enter());
    const answer = expect(send(port)).rejects.toThrow(/hang up|ECONNRESET/);
    await entered;
    await drain(1);
    await answer;
  });
});

const CERTIFICATES = fileURLToPath(new URL("../support/tls", import.meta.url));

describe("HTTPS", () => {
  /** One of the two test certificates, where the server looks for it. */
  function certify(directory: string, name: "first" | "second"): NonNullable<ListenOptions["tls"]> {
    const used = { keyFile: join(directory, "key.pem"), certFile: join(directory, "cert.pem") };
    writeFileSync(used.keyFile, readFileSync(join(CERTIFICATES, `${name}.key`)));
    writeFileSync(used.certFile, readFileSync(join(CERTIFICATES, `${name}.pem`)));
    return used;
  }

  async function subjectAt(port: number): Promise<string> {
    const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false });
    await once(socket, "secureConnect");
    const certificate = socket.getPeerX509Certificate() as X509Certificate;
    socket.destroy();
    return certificate.subject;
  }

  async function startTls(limits?: ConnectionLimits) {
    const directory = mkdtempSync(join(tmpdir(), "berth-tls-"));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    const watched = watchRefusals();
    const tls = certify(directory, "first");
    return { ...watched, ...(await start(ok, { tls, refusals: watched.refusals }, limits)) };
  }

  test("tells who speaks plain HTTP that the port speaks HTTPS", async () => {
    const { port, lines, counted } = await startTls();
    expect(await answerTo(port, "GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n")).toMatch(
      /^HTTP\/1\.1 400 Bad Request\r\n[\s\S]*\r\n\r\nan HTTP request came to a port that speaks HTTPS: .*\n$/,
    );
    expect(lines).toEqual([{ reason: "plain_http_on_tls_port", ip: "127.0.0.1" }]);
    expect(await counted("plain_http_on_tls_port")).toBe(1);
  });

  test("answers a request that comes in pieces, the first of them a byte of TLS", async () => {
    const { port } = await startTls();
    const request = httpsRequest({ port, host: "127.0.0.1", agent: false, rejectUnauthorized: false }).end();
    const [response] = await once(request, "response");
    expect(await text(response)).toBe("GET /");
  });

  test.each([
    ["no TLS record", "\x00\x01\x02\x03\x04\x05\x06"],
    ["a record of nothing", `\x16\x03\x01\x00\x05${"\x00".repeat(5)}`],
  ])("counts a handshake that fails: %s", async (_, bytes) => {
    const { port, lines, counted } = await startTls();
    const socket = await dial(port);
    socket.resume().write(Buffer.from(bytes, "latin1"));
    await once(socket, "close");
    expect(lines).toEqual([
      { reason: "tls_handshake", ip: "127.0.0.1", detail: expect.stringMatching(/^ERR_/) },
    ]);
    expect(await counted("tls_handshake")).toBe(1);
  });

  test.each([
    ["nothing", ""],
    ["the beginning of a handshake", "\x16\x03\x01\x02\x00\x01"],
  ])("cuts off who sends %s", async (_, bytes) => {
    const { port, counted } = await startTls({ headers: 50, lookEvery: 10, keepAlive: 1_000, firstWord: 50 });
    const socket = await dial(port);
    socket.on("error", () => undefined).resume();
    if (bytes !== "") socket.write(Buffer.from(bytes, "latin1"));
    await once(socket, "close");
    expect(await counted("tls_handshake")).toBe(1);
  });

  test("ends without waiting for who has said nothing", async () => {
    const { port, drain } = await startTls();
    const socket = await dial(port);
    socket.on("error", () => undefined).resume();
    const closed = once(socket, "close");
    await drain(60_000);
    await closed;
  });

  test("takes a changed certificate without a restart, and keeps the old one while the new is half there", async () => {
    const directory = mkdtempSync(join(tmpdir(), "berth-tls-"));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    const { port, url } = await start(ok, { tls: certify(directory, "first") });
    expect(url).toBe(`https://127.0.0.1:${port}`);
    expect(await subjectAt(port)).toBe("CN=first.berth.test");
    writeFileSync(join(directory, "cert.pem"), "-----BEGIN CERTIFICATE-----\nhalf");
    expect(await subjectAt(port)).toBe("CN=first.berth.test");
    certify(directory, "second");
    await vi.waitFor(async () => expect(await subjectAt(port)).toBe("CN=second.berth.test"));
  });
});
