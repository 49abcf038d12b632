import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { type ReceiverAccess, webhookSender } from "../../../src/adapters/webhooks/send.ts";
import { OutboundHosts } from "../../../src/kernel/outbound-hosts.ts";
import { startReceiver } from "../../support/receiver.ts";

const receiver = await startReceiver();
afterAll(() => receiver.close());
beforeEach(() => {
  receiver.received.length = 0;
  receiver.answer = () => 204;
});

const HERE = new OutboundHosts(["127.0.0.1"]);
const NOWHERE = new OutboundHosts([]);
const GOES_ON = new AbortController().signal;

function send(url: string, access: Partial<ReceiverAccess> = {}, signal = GOES_ON) {
  const sender = webhookSender({ hosts: HERE, userAgent: "berth/test", ...access });
  return sender.send({ url, headers: { "ce-id": "1" }, body: Buffer.from("{}") }, signal);
}

const resolving = (...addresses: readonly string[]) => ({
  resolve: async () => addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })),
});

test("a message arrives as it is", async () => {
  expect(await send(receiver.url)).toEqual({ delivered: true, outcome: "HTTP 204" });
  expect(receiver.received).toMatchObject([
    { path: "/hook", body: "{}", headers: { "ce-id": "1", "user-agent": "berth/test" } },
  ]);
});

test.each([301, 307, 400, 410, 429, 500])("%i has not delivered it, and leads nowhere", async (status) => {
  receiver.answer = () => status;
  expect(await send(receiver.url)).toEqual({ delivered: false, outcome: `HTTP ${status}` });
  expect(receiver.received).toHaveLength(1);
});

describe("private addresses are refused", () => {
  test.each([
    "127.0.0.1",
    "127.1",
    "2130706433",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "10.0.0.1",
    "169.254.169.254",
  ])("as %s", async (host) => {
    const { port } = new URL(receiver.url);
    const attempt = await send(`https://${host}:${port}/`, { hosts: NOWHERE });
    expect(attempt).toMatchObject({ delivered: false });
    expect(attempt.outcome).toMatch(/has a private address; BERTH_WEBHOOK_PRIVATE_HOSTS names those/);
    expect(receiver.received).toEqual([]);
  });

  test.each([[["127.0.0.1"]], [["93.184.216.34", "192.168.0.1"]], [["::1"]]])(
    "behind a name: %s",
    async (addresses) => {
      const attempt = await send("https://hooks.example/", { hosts: NOWHERE, ...resolving(...addresses) });
      expect(attempt.outcome).toContain("hooks.example has a private address");
      for (const address of addresses) expect(attempt.outcome).not.toContain(address);
    },
  );

  test("and those that may be reached are not told to whoever named the host", async () => {
    const access = { hosts: new OutboundHosts(["hooks.internal"]), ...resolving("127.0.0.1") };
    const attempt = await send("http://hooks.internal:1/", access);
    expect(attempt).toEqual({ delivered: false, outcome: "connect ECONNREFUSED" });
  });

  test("behind a name that was public a moment ago: each connection looks, and goes where it looked", async () => {
    const names: string[] = [];
    const resolve = async (hostname: string) => {
      names.push(hostname);
      return [{ address: names.length === 1 ? "127.0.0.1" : "10.0.0.1", family: 4 }];
    };
    const access = { hosts: new OutboundHosts(["hooks.internal"]), resolve };
    const { port } = new URL(receiver.url);
    expect(await send(`http://hooks.internal:${port}/hook`, access)).toMatchObject({ delivered: true });
    expect(names).toEqual(["hooks.internal"]);
  });
});

test("plain HTTP is for hosts that are named", async () => {
  const attempt = await send("http://hooks.example/", { hosts: NOWHERE, ...resolving("93.184.216.34") });
  expect(attempt.outcome).toContain("hooks.example is not told without TLS");
});

test("a receiver that does not answer costs so much time and no more", async () => {
  receiver.answer = () => new Promise(() => undefined);
  const attempt = await send(receiver.url, { limits: { time: 50, bytes: 1 } });
  expect(attempt).toEqual({ delivered: false, outcome: "no answer within 0.05 s" });
});

test("an answer without end is let go, and what it began with counts", async () => {
  const server = createServer((_, response) => {
    response.writeHead(200);
    const more = (): void =>
      void (response.destroyed || response.write("x".repeat(65_536), () => setImmediate(more)));
    more();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  expect(await send(`http://127.0.0.1:${port}/`)).toEqual({ delivered: true, outcome: "HTTP 200" });
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

test("who breaks it off is told so", async () => {
  const stopping = new AbortController();
  receiver.answer = () => {
    stopping.abort();
    return new Promise(() => undefined);
  };
  await expect(send(receiver.url, {}, stopping.signal)).rejects.toThrow("abort");
});

test("what is not there is said", async () => {
  expect((await send("http://127.0.0.1:1/")).outcome).toContain("ECONNREFUSED");
});
