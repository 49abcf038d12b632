import type { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { RequestListener } from "node:http";
import { connect as connectTcp } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { connect } from "node:tls";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { type ConnectionLimits, type ListenOptions, listen } from "../../src/http/server.ts";
import { openLog } from "../../src/log.ts";
import { dial, send } from "./loopback.ts";

const log = openLog();

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
    { host: "127.0.0.1", port: 0, tls: undefined, log, ...more },
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
    await expect(listen(ok, { host: "127.0.0.1", port, tls: undefined, log })).rejects.toThrow(/EADDRINUSE/);
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
    const { port } = await start(ok, {}, { headers: 50, lookEvery: 10, keepAlive: 1_000 });
    expect(await answerTo(port, "GET / HTTP/1.1\r\nHost: x\r\nA: b")).toMatch(/^HTTP\/1\.1 408 /);
  });
});

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
    await expect(once(connectTcp(port, "127.0.0.1"), "connect")).rejects.toThrow(/ECONNREFUSED/);
    release();
    expect(await answer).toMatchObject({ status: 200, body: "whole" });
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
