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
  readonly externalUrl?: string | undefined;
}

function client(
  headers: Record<string, string | string[]>,
  { peer = "10.0.0.1", encrypted = false, externalUrl = undefined }: Connection = {},
): Client {
  const request = {
    socket: { remoteAddress: peer, encrypted },
    headers: { host: "registry:5050", ...headers },
  };
  return clientOf(request as unknown as IncomingMessage, { trustedProxies: trusted, externalUrl });
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

describe("Forwarded of a trusted proxy", () => {
  const ELEMENT = 'for=203.0.113.7;proto=https;host="registry.example.com:7107"';

  test("says who the client is, and how it came", () => {
    expect(client({ forwarded: ELEMENT })).toMatchObject({
      ip: "203.0.113.7",
      secure: true,
      host: "registry.example.com:7107",
      origin: "https://registry.example.com:7107",
    });
  });

  test("of anybody else says nothing", () => {
    expect(client({ forwarded: ELEMENT }, { peer: "203.0.113.9" })).toMatchObject({
      ip: "203.0.113.9",
      secure: false,
      host: "registry:5050",
      origin: "http://registry:5050",
    });
  });

  test("counts for nothing beside X-Forwarded-*, which the proxy writes while it lets the client's own pass", () => {
    expect(client({ forwarded: ELEMENT, "x-forwarded-for": "198.51.100.1" })).toMatchObject({
      ip: "198.51.100.1",
      secure: false,
      host: "registry:5050",
    });
  });

  test("tells scheme and host by the hop that names the client, not by those behind it", () => {
    const forwarded = `for=198.51.100.9;proto=http;host=evil, ${ELEMENT}, for=10.1.1.1;proto=http;host=inner`;
    expect(client({ forwarded })).toMatchObject({
      ip: "203.0.113.7",
      secure: true,
      host: "registry.example.com:7107",
    });
  });

  test.each([
    ["an address of version 6 with a port", 'For="[2001:db8::77]:4711"', "2001:db8::77"],
    ["an address with a port", 'for="203.0.113.7:4711"', "203.0.113.7"],
    ["blanks, and pairs and hops that are empty", " for=203.0.113.7 ; ;proto=https , ,", "203.0.113.7"],
    ["an escaped character", 'for="203.0.113.\\7"', "203.0.113.7"],
    ["nobody: the peer", "for=unknown", "10.0.0.1"],
    ["a made up name: the peer", "for=_hidden", "10.0.0.1"],
    ["no client: the peer", "proto=https", "10.0.0.1"],
    ["what the client opened a quote in front of", 'for="10.9.9.9, for=203.0.113.7', "203.0.113.7"],
    ["what no grammar has: the peer", "<script>", "10.0.0.1"],
  ])("names %s", (_, forwarded, ip) => {
    expect(client({ forwarded }).ip).toBe(ip);
  });
});

describe("the origin of a request", () => {
  const externalUrl = "https://reg.test:7107";
  const STRANGER = "203.0.113.9";

  test.each<[string, Record<string, string>, string | undefined, string | undefined, string]>([
    ["is the host that came", { host: "reg:5050" }, STRANGER, undefined, "http://reg:5050"],
    ["is the external URL, whatever came", { host: "reg.test" }, STRANGER, externalUrl, externalUrl],
    ["is the external URL, whatever a proxy says", FORWARDED, undefined, externalUrl, externalUrl],
    ["is what a trusted proxy says", FORWARDED, undefined, undefined, "https://registry.example.com"],
    ["is not what another one says", FORWARDED, STRANGER, undefined, "http://registry:5050"],
    [
      "has the forwarded port where the host has none",
      { ...FORWARDED, "x-forwarded-port": "7107" },
      undefined,
      undefined,
      "https://registry.example.com:7107",
    ],
    [
      "has the port of the host before the forwarded one",
      { ...FORWARDED, "x-forwarded-host": "reg.test:7107", "x-forwarded-port": "443" },
      undefined,
      undefined,
      "https://reg.test:7107",
    ],
    [
      "has no port that its scheme has by itself",
      { ...FORWARDED, "x-forwarded-port": "443" },
      undefined,
      undefined,
      "https://registry.example.com",
    ],
    [
      "has a port behind an address of version 6",
      { "x-forwarded-host": "[::1]", "x-forwarded-port": "7107" },
      undefined,
      undefined,
      "http://[::1]:7107",
    ],
    [
      "has no port that is none",
      { ...FORWARDED, "x-forwarded-port": "1/evil" },
      undefined,
      undefined,
      "https://registry.example.com",
    ],
    [
      "is the registry that the host names, below the external URL's scheme and port",
      { host: "123456789012.dkr.ecr.us-east-1.reg.test" },
      STRANGER,
      externalUrl,
      "https://123456789012.dkr.ecr.us-east-1.reg.test:7107",
    ],
  ])("%s", (_, headers, peer, external, wanted) => {
    expect(client(headers, { peer: peer ?? "10.0.0.1", externalUrl: external }).origin).toBe(wanted);
  });
});

test("the facts of a real connection", async () => {
  let seen: Client | undefined;
  const port = await serve((request, response) => {
    seen = clientOf(request, { trustedProxies: trusted, externalUrl: undefined });
    response.end();
  });
  await send(port, { headers: { "X-Forwarded-For": "203.0.113.7" } });
  expect(seen).toMatchObject({ ip: "127.0.0.1", secure: false, host: `127.0.0.1:${port}` });
});
