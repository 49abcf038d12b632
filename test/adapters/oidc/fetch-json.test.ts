import type { LookupAddress } from "node:dns";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type ProviderAccess, providerFetch } from "../../../src/adapters/oidc/fetch-json.ts";
import { OutboundHosts } from "../../../src/kernel/outbound-hosts.ts";

let server: Server;
let port: number;
let answer: (path: string) => { status?: number; headers?: Record<string, string>; body?: string };
let asked: string[];
beforeEach(async () => {
  asked = [];
  answer = () => ({ body: "{}" });
  server = createServer((request, response) => {
    asked.push(request.url ?? "");
    const { status = 200, headers = {}, body } = answer(request.url ?? "");
    response.writeHead(status, headers);
    if (body === undefined) response.write("{");
    else response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  port = (server.address() as AddressInfo).port;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const LIMITS = { time: 2_000, bytes: 64 };
const HERE = new OutboundHosts(["127.0.0.1"]);

/** A fetch without thumbprints. */
function open(access: ProviderAccess): (url: string) => ReturnType<ReturnType<typeof providerFetch>> {
  const fetch = providerFetch({ limits: LIMITS, ...access });
  return (url) => fetch(url, []);
}

/** Resolves names as a test says, and counts how often. */
function resolver(...answers: readonly (readonly string[])[]) {
  const names: string[] = [];
  const resolve = async (hostname: string): Promise<readonly LookupAddress[]> => {
    names.push(hostname);
    const addresses = answers[Math.min(names.length, answers.length) - 1] ?? [];
    return addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
  };
  return { names, resolve };
}

describe("a provider on this machine", () => {
  test("is asked where its address is named", async () => {
    answer = () => ({ body: '{"issuer":"me"}' });
    expect(await open({ hosts: HERE })(`http://127.0.0.1:${port}/x`)).toEqual({ issuer: "me" });
  });

  test.each(["127.0.0.1", "127.1", "2130706433", "0177.0.0.1", "[::ffff:127.0.0.1]", "localhost"])(
    "is not asked otherwise, as %s",
    async (host) => {
      const fetch = open({ hosts: new OutboundHosts([]) });
      for (const scheme of ["http", "https"])
        await expect(fetch(`${scheme}://${host}:${port}/`)).rejects.toThrow();
      expect(asked).toEqual([]);
    },
  );

  test("speaks plain HTTP alone: others need TLS", async () => {
    const fetch = open({ hosts: new OutboundHosts(["*"]), resolve: resolver(["127.0.0.1"]).resolve });
    await expect(fetch(`http://issuer.internal:${port}/`)).rejects.toThrow("is not asked over TLS");
    await expect(fetch(`ftp://127.0.0.1:${port}/`)).rejects.toThrow("is not asked over TLS");
    expect(asked).toEqual([]);
  });
});

describe("a name", () => {
  test.each([
    ["a private address", ["10.0.0.1"]],
    ["the address of a metadata service", ["169.254.169.254"]],
    ["this machine", ["127.0.0.1"]],
    ["this machine, in version 6", ["::1"]],
    ["a mapped address", ["::ffff:169.254.169.254"]],
    ["a private address among others", ["93.184.216.34", "192.168.0.1"]],
  ])("that means %s is refused", async (_, addresses) => {
    const fetch = open({ hosts: new OutboundHosts([]), resolve: resolver(addresses).resolve });
    await expect(fetch("https://issuer.example/")).rejects.toThrow(
      /^issuer\.example has a private address; BERTH_OIDC_PRIVATE_HOSTS names those that may$/,
    );
  });

  test("without an address is refused", async () => {
    const fetch = open({ hosts: new OutboundHosts([]), resolve: resolver([]).resolve });
    await expect(fetch("https://issuer.example/")).rejects.toThrow("issuer.example has no address");
  });

  test("is resolved once for a connection, which goes to the address that was checked", async () => {
    const { names, resolve } = resolver(["127.0.0.1"], ["10.0.0.1"]);
    const fetch = open({ hosts: new OutboundHosts(["issuer.internal"]), resolve });
    // It reaches this machine, where nobody speaks TLS.
    await expect(fetch(`https://issuer.internal:${port}/`)).rejects.toThrow(/SSL|TLS|EPROTO|socket/i);
    expect(names).toEqual(["issuer.internal"]);
  });

  test("that means something else at the next look is checked anew", async () => {
    const { names, resolve } = resolver(["127.0.0.1"], ["169.254.169.254"]);
    const fetch = open({ hosts: new OutboundHosts([]), resolve });
    await expect(fetch("https://issuer.example/")).rejects.toThrow("has a private address");
    await expect(fetch("https://issuer.example/")).rejects.toThrow("has a private address");
    expect(names).toHaveLength(2);
  });
});

describe("an answer is refused that", () => {
  const url = (): string => `http://127.0.0.1:${port}/`;
  const fetch = open({ hosts: HERE });

  test.each([301, 302, 303, 307, 308])("leads elsewhere with %i", async (status) => {
    answer = () => ({ status, headers: { location: "/elsewhere" }, body: "{}" });
    await expect(fetch(url())).rejects.toThrow(`it answered ${status}`);
    expect(asked).toEqual(["/"]);
  });

  test.each([204, 404, 500])("is no 200 but %i", async (status) => {
    answer = () => ({ status, body: "" });
    await expect(fetch(url())).rejects.toThrow(`it answered ${status}`);
  });

  test("is too long", async () => {
    answer = () => ({ body: JSON.stringify({ a: "x".repeat(64) }) });
    await expect(fetch(url())).rejects.toThrow("it is longer than 64 bytes");
  });

  test.each(["[]", "null", "7", '"text"'])("is no object but %s", async (body) => {
    answer = () => ({ body });
    await expect(fetch(url())).rejects.toThrow("it is not an object");
  });

  test("does not end in time", async () => {
    answer = () => ({});
    const impatient = open({ hosts: HERE, limits: { ...LIMITS, time: 50 } });
    await expect(impatient(url())).rejects.toThrow(/abort|timeout/i);
  });
});
