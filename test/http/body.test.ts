import { once } from "node:events";
import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { bodyChunks, ClientGoneError, hasBody, readBody } from "../../src/http/body.ts";
import { refusal } from "../registry/refusal.ts";
import { dial, send, serve } from "./loopback.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** A request whose body the test sends by hand. */
function requestByHand() {
  const request = new IncomingMessage(new Socket());
  return {
    request,
    receive: (bytes: number) => void request.push(Buffer.alloc(bytes)),
    end() {
      request.complete = true;
      request.push(null);
    },
  };
}

/** Takes everything there is; resolves with the bytes taken or rejects as the body does. */
async function drain(request: IncomingMessage): Promise<number> {
  let size = 0;
  for await (const chunk of bodyChunks(request)) size += chunk.length;
  return size;
}

const tooSlow = refusal("SIZE_INVALID", 408, "the body came too slowly");

describe("time", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test("a body that stands still for a minute is refused, and the connection ends", async () => {
    const { request, receive } = requestByHand();
    const drained = drain(request);
    const refused = expect(drained).rejects.toMatchObject({ status: 408, headers: { Connection: "close" } });
    receive(1_000_000);
    await vi.advanceTimersByTimeAsync(MINUTE);
    await refused;
    await expect(drained).rejects.toThrow(tooSlow);
  });

  test("a body may stand still for almost a minute", async () => {
    const { request, receive, end } = requestByHand();
    const drained = drain(request);
    await vi.advanceTimersByTimeAsync(MINUTE - 1);
    receive(10);
    await vi.advanceTimersByTimeAsync(0);
    end();
    expect(await drained).toBe(10);
  });

  test("a trickle is refused: less than 16 KiB in a minute", async () => {
    const { request, receive } = requestByHand();
    const refused = expect(drain(request)).rejects.toThrow(tooSlow);
    for (let second = 0; second <= 60; second += 20) {
      receive(4 * 1024 - 1);
      await vi.advanceTimersByTimeAsync(20 * SECOND + 1);
    }
    await refused;
  });

  test("16 KiB in a minute are enough", async () => {
    const { request, receive, end } = requestByHand();
    const drained = drain(request);
    for (let second = 0; second <= 60; second += 20) {
      receive(4 * 1024);
      await vi.advanceTimersByTimeAsync(20 * SECOND + 1);
    }
    end();
    expect(await drained).toBe(16 * 1024);
  });

  test("a slow honest upload may take hours", async () => {
    const { request, receive, end } = requestByHand();
    const drained = drain(request);
    for (let minute = 0; minute < 5 * 60; minute++) {
      receive(8 * 1024 + 100);
      await vi.advanceTimersByTimeAsync(30 * SECOND);
      receive(8 * 1024 + 100);
      await vi.advanceTimersByTimeAsync(30 * SECOND);
    }
    end();
    expect(await drained).toBe(5 * 60 * 2 * (8 * 1024 + 100));
  });

  test("the time that storage takes is not the client's", async () => {
    const { request, receive, end } = requestByHand();
    const chunks = bodyChunks(request);
    for (let chunk = 0; chunk < 5; chunk++) {
      receive(1);
      expect((await chunks.next()).value).toHaveLength(1);
      await vi.advanceTimersByTimeAsync(10 * MINUTE);
    }
    end();
    expect(await chunks.next()).toEqual({ done: true, value: undefined });
  });

  test("a body that is read as a whole is over within a minute, however steadily it comes", async () => {
    const { request, receive } = requestByHand();
    const refused = expect(readBody(request, 2 ** 30)).rejects.toThrow(tooSlow);
    for (let second = 0; second < 60; second++) {
      receive(100_000);
      await vi.advanceTimersByTimeAsync(SECOND);
    }
    await refused;
  });

  test("no timer is left behind", async () => {
    const { request, receive, end } = requestByHand();
    receive(10);
    end();
    await drain(request);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("a client that hangs up within the body", () => {
  test.each([
    ["with its length announced", "Content-Length: 100\r\n\r\nhalf"],
    ["in chunks", "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"],
    ["before the first byte", "Content-Length: 100\r\n\r\n"],
  ])("%s is gone, and nobody's fault", async (_, rest) => {
    const { promise, resolve } = Promise.withResolvers<unknown>();
    const port = await serve((request) => drain(request).then(resolve, resolve));
    const socket = await dial(port);
    await new Promise((written) => socket.write(`PATCH / HTTP/1.1\r\nHost: x\r\n${rest}`, written));
    socket.destroy();
    expect(await promise).toBeInstanceOf(ClientGoneError);
  });

  test("is told apart from one whose body ended", async () => {
    const { request, receive } = requestByHand();
    receive(4);
    request.push(null);
    await expect(drain(request)).rejects.toThrow(
      new ClientGoneError("the client closed the connection within the body"),
    );
  });
});

describe("readBody", () => {
  /** A server that reads at most 1000 bytes and answers with what it got. */
  function reading(): Promise<number> {
    return serve((request, response) => {
      readBody(request, 1000).then(
        (body) => response.end(body),
        (error: { status: number; code: string; message: string }) => {
          response.writeHead(error.status).end(`${error.code} ${error.message}`);
          request.resume();
        },
      );
    });
  }

  test.each([0, 1, 999, 1000])("takes %i bytes of 1000", async (size) => {
    const body = Buffer.alloc(size, "x");
    const port = await reading();
    expect(await send(port, { method: "PUT", body })).toMatchObject({ status: 200, body: body.toString() });
    const headers = { "Transfer-Encoding": "chunked" };
    expect(await send(port, { method: "PUT", body, headers })).toMatchObject({
      status: 200,
      body: body.toString(),
    });
  });

  test.each([
    ["announced", {}],
    ["streamed", { "Transfer-Encoding": "chunked" }],
  ])("refuses one byte more, %s", async (_, headers) => {
    const port = await reading();
    const answer = await send(port, { method: "PUT", body: Buffer.alloc(1001), headers });
    expect(answer).toMatchObject({ status: 413, body: "SIZE_INVALID the body has more than 1000 bytes" });
  });

  test("refuses an announced body before any of it came", async () => {
    const { request } = requestByHand();
    request.headers["content-length"] = "1001";
    await expect(readBody(request, 1000)).rejects.toThrow(
      refusal("SIZE_INVALID", 413, "the body has more than 1000 bytes"),
    );
  });

  // A client that is still sending reads the answer only when its bytes are taken.
  test("leaves the rest of a refused body to be taken by others", async () => {
    const port = await reading();
    const socket = await dial(port);
    socket.write("PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    const chunk = Buffer.from(`10000\r\n${"x".repeat(0x10000)}\r\n`);
    for (let sent = 0; sent < 200; sent++) {
      if (!socket.write(chunk)) await once(socket, "drain");
    }
    socket.end("0\r\n\r\n");
    const [answer] = await once(socket, "data");
    expect(String(answer)).toMatch(/^HTTP\/1.1 413 /);
  });

  test("puts together what came in any pieces", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 20 }), { maxLength: 20 }),
        async (pieces) => {
          const { request, end } = requestByHand();
          const body = readBody(request, 400);
          for (const piece of pieces) request.push(Buffer.from(piece));
          end();
          expect(await body).toEqual(Buffer.concat(pieces));
        },
      ),
    );
  });
});

test.each([
  [{}, false],
  [{ "content-length": "0" }, false],
  [{ "content-length": "1" }, true],
  [{ "transfer-encoding": "chunked" }, true],
])("headers %j announce a body: %s", (headers, has) => {
  expect(hasBody({ headers } as unknown as IncomingMessage)).toBe(has);
});

test("a reader that is slow holds its sender up: what waits for it is bounded", async () => {
  const taken = Promise.withResolvers<{ request: IncomingMessage; chunks: AsyncIterableIterator<Buffer> }>();
  const port = await serve(async (request) => {
    const chunks = bodyChunks(request);
    await chunks.next();
    taken.resolve({ request, chunks });
  });
  const total = 64 * 1024 * 1024;
  const socket = await dial(port);
  socket.write(`PATCH / HTTP/1.1\r\nHost: x\r\nContent-Length: ${total}\r\n\r\n`);
  socket.write(Buffer.alloc(total));
  const { request, chunks } = await taken.promise;
  await vi.waitFor(() => expect(request.isPaused()).toBe(true));
  const { bytesRead } = request.socket;
  expect(bytesRead).toBeLessThan(1024 * 1024);
  let rest = 0;
  for await (const chunk of chunks) rest += chunk.length;
  expect(rest).toBeGreaterThan(total - bytesRead);
});
