import { afterAll, afterEach, describe, expect, test, vi } from "vitest";
import { startTestBerth } from "../support/berth.ts";
import { expectHealthy } from "./health.ts";
import { RawClient, requestText } from "./raw.ts";

/** The limits of production, fifty times shorter. */
const SHORT = vi.hoisted(() => ({
  connection: { headers: 200, lookEvery: 20, keepAlive: 200, firstWord: 200 },
}));
vi.mock("../../src/http/server.ts", async (load) => {
  const real = await load<typeof import("../../src/http/server.ts")>();
  return {
    ...real,
    listen: (...[listener, options]: Parameters<typeof real.listen>) =>
      real.listen(listener, options, SHORT.connection),
  };
});

const berth = await startTestBerth();
afterAll(() => berth.stop());
afterEach(() => vi.waitFor(() => expectHealthy(berth)));

const AUTH = `Authorization: ${berth.authorization}`;
const begin = (method: string, target: string): RawClient =>
  new RawClient(berth.url).send(requestText(method, target, [AUTH]));

describe("headers", () => {
  test("that come too slowly are 408, and the connection ends", async () => {
    const client = new RawClient(berth.url).send("GET /v2/ HTTP/1.1\r\nHost: x\r\n");
    expect((await client.answer())?.status).toBe(408);
    await client.closed;
  });

  test("that come byte by byte are 408 as well", async () => {
    const client = new RawClient(berth.url).send("GET /v2/ HTTP/1.1\r\n");
    const drip = setInterval(() => client.send("X"), 10);
    const answer = await client.answer();
    clearInterval(drip);
    expect(answer?.status).toBe(408);
    await client.closed;
  });

  test("of which the last line never comes are 408, though a request went before", async () => {
    const client = begin("GET", "/v2/");
    expect((await client.answer())?.status).toBe(200);
    client.send("GET /v2/ HTTP/1.1\r\n");
    expect((await client.answer())?.status).toBe(408);
    await client.closed;
  });

  test("that never come end an idle connection", async () => {
    const client = begin("GET", "/v2/");
    await client.answer();
    await client.closed;
    const silent = new RawClient(berth.url);
    await silent.closed;
  });
});
