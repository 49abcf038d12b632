import type { IncomingMessage } from "node:http";
import { BlockList } from "node:net";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Client, clientOf } from "../../src/http/client.ts";
import { send, serve } from "./loopback.ts";

const trusted = new BlockList();
trusted.addSubnet("10.0.0.0", 8, "ipv4");
trusted.addAddress("2001:db8::1", "ipv6");

interface Connection {
  readonly peer?: string | undefined;
  readonly encrypted?: boolean;
}

function client(
  headers: Record<string, string | string[]>,
  { peer = "10.0.0.1", encrypted = false }: Connection = {},
): Client {
  const request = {
    socket: { remoteAddress: peer, encrypted },
    headers: { host: "registry:5050", ...headers },
  };
  return clientOf(request as unknown as IncomingMessage, trusted);
}

const FORWARDED = {
  "x-forwarded-for": "203.0.113.7",
  "x-forwarded-proto": "https",
  "x-forwarded-host": "registry.example.com",
};

describe("a peer that is no trusted proxy", () => {
  test.each(["203.0.113.9", "11.0.0.1", "2001:db8::2", "::ffff:203.0.113.9", "fe80::1%eth0"])(
    "%s is the client, whatever it says of others",
    (peer) => {
      expect(client(FORWARDED, { peer })).toEqual({
        ip: peer.replace("::ffff:", ""),
        secure: false,
        host: "registry:5050",
      });
    },
  );

  test("is secure when its connection is", () => {
    expect(client({ "x-forwarded-proto": "http" }, { peer: "203.0.113.9", encrypted: true }).secure).toBe(
      true,
    );
  });
});

describe("a trusted proxy", () => {
  test.each(["10.0.0.1", "::ffff:10.0.0.1", "2001:db8::1"])("%s is believed", (peer) => {
    expect(client(FORWARDED, { peer })).toEqual({
      ip: "203.0.113.7",
      secure: true,
      host: "registry.example.com",
    });
  });

  test("that forwards nothing is the client itself", () => {
    expect(client({})).toEqual({ ip: "10.0.0.1", secure: false, host: "registry:5050" });
    expect(client({}, { encrypted: true }).secure).toBe(true);
  });

  test("may say that the client's connection was not secure, though its own is", () => {
    expect(client({ "x-forwarded-proto": "http" }, { encrypted: true }).secure).toBe(false);
  });

  test.each([
    ["an address that the client wrote in front", "198.51.100.1, 203.0.113.7", "203.0.113.7"],
    ["a trusted address that the client wrote in front", "10.9.9.9, 203.0.113.7", "203.0.113.7"],
    ["two that the client wrote in front", "10.9.9.9, 198.51.100.1, 203.0.113.7", "203.0.113.7"],
    ["proxies behind the client", "203.0.113.7, 10.1.1.1, 2001:db8::1", "203.0.113.7"],
    ["proxies alone: the first", "10.1.1.1, 10.2.2.2", "10.1.1.1"],
    ["blanks and empty entries", " , 203.0.113.7 ,, ", "203.0.113.7"],
    ["a mapped address", "::ffff:203.0.113.7", "203.0.113.7"],
    ["an address of version 6", "2001:db8::77", "2001:db8::77"],
    ["an address with a zone", "fe80::1%eth0", "fe80::1%eth0"],
    ["what is no address: the peer", "unknown", "10.0.0.1"],
    ["an address with a port: the peer", "203.0.113.7:5000", "10.0.0.1"],
    ["markup: the peer", "<script>", "10.0.0.1"],
    ["nothing: the peer", "", "10.0.0.1"],
  ])("forwards %s", (_, header, ip) => {
    expect(client({ "x-forwarded-for": header }).ip).toBe(ip);
  });

  test("may send the header more than once", () => {
    expect(client({ "x-forwarded-for": ["198.51.100.1", "203.0.113.7, 10.1.1.1"] }).ip).toBe("203.0.113.7");
  });

  test("has the last word on scheme and host, not the client", () => {
    const spoofed = {
      "x-forwarded-proto": "https, http",
      "x-forwarded-host": "evil.example, registry.example.com",
    };
    expect(client(spoofed)).toMatchObject({ secure: false, host: "registry.example.com" });
  });

  test("finds the client in any chain: the last address that is not a proxy's", () => {
    const proxy = fc.ipV4().map((address) => address.replace(/^\d+/, "10"));
    const stranger = fc.ipV4().map((address) => address.replace(/^\d+/, "203"));
    fc.assert(
      fc.property(
        fc.array(fc.oneof(proxy, stranger, fc.string())),
        stranger,
        fc.array(proxy),
        (spoofed, real, hops) => {
          expect(client({ "x-forwarded-for": [...spoofed, real, ...hops].join(", ") }).ip).toBe(real);
        },
      ),
    );
  });
});

test("the facts of a real connection", async () => {
  let seen: Client | undefined;
  const port = await serve((request, response) => {
    seen = clientOf(request, trusted);
    response.end();
  });
  await send(port, { headers: { "X-Forwarded-For": "203.0.113.7" } });
  expect(seen).toEqual({ ip: "127.0.0.1", secure: false, host: `127.0.0.1:${port}` });
});
