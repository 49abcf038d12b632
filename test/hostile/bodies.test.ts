import { randomBytes } from "node:crypto";
import { connect } from "node:net";
import { afterAll, afterEach, describe, expect, test, vi } from "vitest";
import { digestOf } from "../../src/registry/digest.ts";
import { startTestBerth } from "../support/berth.ts";
import { exchange, expectAnswer } from "../support/exchange.ts";
import { digestOfText } from "../support/manifests.ts";
import { openSession, pushBlob, underWay } from "../support/push.ts";
import { rowsOf } from "../support/rows.ts";
import { expectHealthy } from "./health.ts";
import { once as ask, RawClient, requestText } from "./raw.ts";

/** The limits of production, a thousand times shorter. */
const SHORT = vi.hoisted(() => ({
  body: { idle: 150, window: 100, windowBytes: 1024, whole: 250 },
  reader: 250,
}));
vi.mock("../../src/http/body.ts", async (load) => {
  const real = await load<typeof import("../../src/http/body.ts")>();
  return {
    ...real,
    bodyChunks: (request: Parameters<typeof real.bodyChunks>[0]) => real.bodyChunks(request, SHORT.body),
    readBody: (request: Parameters<typeof real.readBody>[0], max: number) =>
      real.readBody(request, max, SHORT.body),
  };
});
vi.mock("../../src/http/outcome.ts", async (load) => {
  const real = await load<typeof import("../../src/http/outcome.ts")>();
  return {
    ...real,
    sendOutcome: (...[response, outcome]: Parameters<typeof real.sendOutcome>) =>
      real.sendOutcome(response, outcome, SHORT.reader),
  };
});

const berth = await startTestBerth({ env: { BERTH_UPLOADS_PER_PRINCIPAL: "20" } });
afterAll(() => berth.stop());
afterEach(() => expectHealthy(berth));

const AUTH = `Authorization: ${berth.authorization}`;
const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

function begin(
  method: string,
  target: string,
  headers: readonly string[],
  body: string | Buffer = "",
): RawClient {
  return new RawClient(berth.url).send(requestText(method, target, [AUTH, ...headers], body));
}

const end = (path: string) => exchange(berth, { method: "DELETE", path });

describe("a body that stops", () => {
  test("is 408 at a PATCH, and what came is kept", async () => {
    const session = await openSession(berth, "slow/patch");
    const client = begin("PATCH", session, ["Content-Length: 10"], "12345");
    const answer = await client.answer();
    expect(answer?.status).toBe(408);
    expect(answer?.head).toMatch(/^connection: close$/im);
    await client.closed;
    await underWay(berth, session, false);
    expectAnswer(await exchange(berth, { path: session }), { status: 204, answers: { Range: "0-4" } });
    await end(session);
  });

  test.each([
    ["a manifest", "PUT", "/v2/slow/body/manifests/v1"],
    ["a whole upload", "POST", `/v2/slow/body/blobs/uploads/?digest=${digestOfText("x")}`],
  ])("is 408 at %s", async (_, method, target) => {
    for (const framing of ["Content-Length: 10", "Transfer-Encoding: chunked"]) {
      const client = begin(method, target, [framing]);
      expect((await client.answer())?.status).toBe(408);
      await client.closed;
    }
    expect(await rowsOf(berth, "SELECT id FROM uploads")).toEqual([]);
  });

  test("though it drips is 408", async () => {
    const session = await openSession(berth, "slow/drip");
    const client = begin("PATCH", session, ["Content-Length: 100000"]);
    const drip = setInterval(() => client.send("x"), 20);
    const answer = await client.answer();
    clearInterval(drip);
    expect(answer?.status).toBe(408);
    await client.closed;
    await underWay(berth, session, false);
    await end(session);
  });

  test("though slowly, of a manifest, is 408 in the end", async () => {
    const client = begin("PUT", "/v2/slow/manifest/manifests/v1", ["Content-Length: 4000000"]);
    const flow = setInterval(() => client.send("x".repeat(2000)), 10);
    const answer = await client.answer();
    clearInterval(flow);
    expect(answer?.status).toBe(408);
    await client.closed;
  });
});

test("an honest upload may take as long as it needs", async () => {
  const session = await openSession(berth, "slow/honest");
  const pieces = Array.from({ length: 40 }, (_, at) => `${at}`.repeat(1000));
  const content = pieces.join("");
  const client = begin("PATCH", session, [`Content-Length: ${content.length}`]);
  const started = performance.now();
  for (const piece of pieces) {
    client.send(piece);
    await pause(20);
  }
  expect((await client.answer())?.status).toBe(202);
  expect(performance.now() - started).toBeGreaterThan(SHORT.body.idle + SHORT.body.whole + SHORT.body.window);
  client.close();
  const digest = digestOfText(content);
  expectAnswer(await exchange(berth, { method: "PUT", path: `${session}?digest=${digest}` }), {
    status: 201,
  });
  expectAnswer(await exchange(berth, { path: `/v2/slow/honest/blobs/${digest}` }), { status: 200, content });
});

describe("a body that ends too early", () => {
  test.each([
    ["with Content-Length", ["Content-Length: 100"], "0123456789"],
    ["chunked", ["Transfer-Encoding: chunked"], "a\r\n0123456789\r\n"],
    ["chunked, within a chunk", ["Transfer-Encoding: chunked"], "64\r\n0123456789"],
  ])("%s leaves a session that can be continued", async (_, headers, body) => {
    const session = await openSession(berth, "cut/patch");
    const client = begin("PATCH", session, headers, body);
    await underWay(berth, session);
    client.socket.end();
    await client.closed;
    await underWay(berth, session, false);
    const { headers: state } = await exchange(berth, { path: session });
    // Bytes that the handler had not read yet when the connection ended are none.
    expect(["0-9", "0-0"]).toContain(state["range"]);
    const rest = state["range"] === "0-9" ? "!" : "0123456789!";
    const put = { method: "PUT", path: `${session}?digest=${digestOfText("0123456789!")}`, body: rest };
    expectAnswer(await exchange(berth, put), { status: 201 });
  });

  test("leaves no blob, no manifest and no session behind", async () => {
    const digest = digestOfText("0123456789".repeat(10));
    const targets = [
      ["POST", `/v2/cut/whole/blobs/uploads/?digest=${digest}`],
      ["PUT", "/v2/cut/whole/manifests/v1"],
    ] as const;
    for (const [method, target] of targets) {
      const client = begin(method, target, ["Content-Length: 100"], "0123456789");
      await pause(20);
      client.close();
    }
    await vi.waitFor(async () => expect(await rowsOf(berth, "SELECT id FROM uploads")).toEqual([]), {
      interval: 5,
    });
    expectAnswer(await exchange(berth, { path: `/v2/cut/whole/blobs/${digest}` }), { status: 404 });
    expectAnswer(await exchange(berth, { path: "/v2/cut/whole/manifests/v1" }), { status: 404 });
  });

  test("of a digest that the part has is no blob either: the length was another", async () => {
    const digest = digestOfText("0123456789");
    const session = await openSession(berth, "cut/digest");
    const client = begin("PUT", `${session}?digest=${digest}`, ["Content-Length: 20"], "0123456789");
    await underWay(berth, session);
    client.socket.end();
    await client.closed;
    await underWay(berth, session, false);
    expectAnswer(await exchange(berth, { path: `/v2/cut/digest/blobs/${digest}` }), { status: 404 });
    await end(session);
  });

  test("by a reset is no bug", async () => {
    const session = await openSession(berth, "cut/reset");
    const client = begin("PATCH", session, ["Content-Length: 100"], "0123456789");
    await underWay(berth, session);
    client.socket.resetAndDestroy();
    await underWay(berth, session, false);
    await end(session);
  });
});

test("a body that is longer than it says is another request, and no good one", async () => {
  const session = await openSession(berth, "cut/longer");
  const client = begin("PATCH", session, ["Content-Length: 3"], "abcdef\r\n\r\n");
  expect((await client.answer())?.status).toBe(202);
  expect((await client.answer())?.status).toBe(400);
  await client.closed;
  expectAnswer(await exchange(berth, { path: session }), { status: 204, answers: { Range: "0-2" } });
  await end(session);
});

describe("a body that nobody wants", () => {
  const SIZE = 1_000_000_000;

  /** Sends until the other side has had enough; resolves with the bytes that it took. */
  async function flood(client: RawClient, body = SIZE): Promise<number> {
    const piece = Buffer.alloc(64 * 1024);
    let sent = 0;
    while (sent < body && client.socket.writable && !client.isOver) {
      sent += piece.length;
      if (client.socket.write(piece)) continue;
      await Promise.race([new Promise((resolve) => client.socket.once("drain", resolve)), client.closed]);
    }
    return sent;
  }

  test("is answered early: a big upload without authorization", async () => {
    for (const target of ["/v2/big/blobs/uploads/?digest=x", "/v2/big/manifests/v1", "/nothing"]) {
      const client = new RawClient(berth.url).send(requestText("PUT", target, [`Content-Length: ${SIZE}`]));
      const sending = flood(client);
      const answer = await client.answer();
      expect([401, 404]).toContain(answer?.status);
      expect(answer?.head).toMatch(/^connection: close$/im);
      await client.closed;
      client.close();
      expect(await sending).toBeLessThan(SIZE / 4);
    }
  });

  test("does not reset the connection before its sender has sent it and read the answer", async () => {
    const { hostname, port } = new URL(berth.url);
    // As real clients do, this one goes on sending when the other side has ended.
    const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    const failures: Error[] = [];
    socket.on("error", (error) => failures.push(error));
    let received = "";
    socket.on("data", (chunk: Buffer) => (received += chunk));
    const closed = new Promise((resolve) => socket.once("close", resolve));
    const size = 24 * 1024 * 1024;
    socket.write(requestText("PUT", "/v2/big/manifests/v1", [`Content-Length: ${size}`]));
    const piece = Buffer.alloc(64 * 1024);
    for (let sent = 0; sent < size && failures.length === 0; sent += piece.length) {
      if (socket.write(piece)) continue;
      await Promise.race([new Promise((resolve) => socket.once("drain", resolve)), closed]);
    }
    socket.end();
    await vi.waitFor(() => expect(received).toMatch(/^HTTP\/1\.1 401 /), { interval: 5 });
    expect(failures).toEqual([]);
    socket.destroy();
  });

  test("keeps what comes behind it from being done", async () => {
    const session = await openSession(berth, "smuggle/behind");
    const behind = requestText("DELETE", session, [AUTH]);
    const client = new RawClient(berth.url);
    client.send(requestText("PUT", "/v2/big/manifests/v1", ["Content-Length: 4"], "abc"));
    expect((await client.answer())?.status).toBe(401);
    client.send(Buffer.concat([Buffer.from("d"), behind]));
    await client.closed;
    await pause(20);
    expectAnswer(await exchange(berth, { path: session }), { status: 204 });
    await end(session);
  });

  test("of more than 4 MiB as a manifest is 413 by its length, and by its bytes", async () => {
    const announced = begin("PUT", "/v2/big/manifest/manifests/v1", [`Content-Length: ${SIZE}`]);
    expect((await announced.answer())?.status).toBe(413);
    await announced.closed;
    const chunked = begin("PUT", "/v2/big/manifest/manifests/v1", ["Transfer-Encoding: chunked"]);
    const piece = Buffer.concat([Buffer.from("10000\r\n"), Buffer.alloc(65_536, "x"), Buffer.from("\r\n")]);
    for (let at = 0; at < 70; at++) chunked.send(piece);
    expect((await chunked.answer())?.status).toBe(413);
    await chunked.closed;
  });
});

describe("Expect: 100-continue", () => {
  const EXPECT = "Expect: 100-continue";

  test("with authorization asks for the body, and takes it", async () => {
    const content = "waits to be asked";
    const digest = digestOfText(content);
    const headers = [EXPECT, `Content-Length: ${content.length}`];
    const client = begin("POST", `/v2/expect/yes/blobs/uploads/?digest=${digest}`, headers);
    await vi.waitFor(() => expect(client.pending.toString()).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\n$/), {
      interval: 5,
    });
    expect((await client.send(content).answer())?.status).toBe(201);
    client.close();
  });

  test("without authorization is 401, and the body is not asked for", async () => {
    const headers = [EXPECT, "Content-Length: 1000000000"];
    const client = new RawClient(berth.url).send(requestText("PUT", "/v2/expect/no/manifests/v1", headers));
    const everything = (await client.rest()).toString();
    expect(everything).toMatch(/^HTTP\/1\.1 401 /);
    expect(everything).toMatch(/^connection: close$/im);
  });

  test("of something else is 417 or ignored", async () => {
    const answer = await ask(
      berth.url,
      requestText("GET", "/v2/", [AUTH, "Expect: the-spanish-inquisition"]),
    );
    expect([200, 417]).toContain(answer?.status);
  });
});

describe("a client that stops reading", () => {
  test("a 64 MiB download is given up, and costs no memory meanwhile", async () => {
    const content = randomBytes(64 * 1024 * 1024);
    await pushBlob(berth, "stalled/reader", content);
    const ended = async (): Promise<number> => {
      const text = await (await berth.fetch("/metrics")).text();
      return Number(/getBlob",method="GET",status="200"} (\d+)/.exec(text)?.[1] ?? 0);
    };
    const before = process.memoryUsage();
    const done = await ended();
    const target = `/v2/stalled/reader/blobs/${digestOf(content)}`;
    const clients = Array.from({ length: 4 }, () => {
      const client = begin("GET", target, []);
      client.socket.pause();
      return client;
    });
    const most = { rss: 0 };
    await vi.waitFor(
      async () => {
        const now = process.memoryUsage();
        most.rss = Math.max(
          most.rss,
          now.arrayBuffers + now.external - before.arrayBuffers - before.external,
        );
        expect(await ended()).toBe(done + 4);
      },
      { interval: 20, timeout: 5_000 },
    );
    expect(most.rss).toBeLessThan(48 * 1024 * 1024);
    for (const client of clients) {
      client.socket.resume();
      expect((await client.rest()).length).toBeLessThan(content.length);
      client.close();
    }
  });

  test("but reads slowly gets everything", async () => {
    const content = randomBytes(24 * 1024 * 1024);
    await pushBlob(berth, "slow/reader", content);
    const started = performance.now();
    const client = begin("GET", `/v2/slow/reader/blobs/${digestOf(content)}`, ["Connection: close"]);
    client.socket.on("data", () => {
      client.socket.pause();
      setTimeout(() => client.socket.resume(), 2);
    });
    await client.closed;
    expect((await client.rest()).subarray(-content.length).equals(content)).toBe(true);
    expect(performance.now() - started).toBeGreaterThan(2 * SHORT.reader);
  });

  test("its answers is no trouble for the server", async () => {
    const client = new RawClient(berth.url);
    client.socket.pause();
    for (let at = 0; at < 500; at++) client.send(requestText("GET", "/v2/_catalog", [AUTH]));
    await pause(50);
    await expectHealthy(berth);
    client.close();
  });
});

test("open sessions of one principal are bounded, and ending one makes room", async () => {
  const open = [];
  for (let at = 0; at < 20; at++) open.push(await openSession(berth, "many/sessions"));
  const post = { method: "POST", path: "/v2/many/sessions/blobs/uploads/" };
  const refused = { status: 429, code: "TOOMANYREQUESTS", answers: { "Retry-After": /^\d+$/ } };
  for (const answer of await Promise.all(Array.from({ length: 20 }, () => exchange(berth, post)))) {
    expectAnswer(answer, refused);
  }
  for (const session of open) await end(session);
  expectAnswer(await exchange(berth, post), { status: 202 });
});
