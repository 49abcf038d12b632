import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { providerFetch } from "../../../src/adapters/oidc/fetch-json.ts";
import { OutboundHosts } from "../../../src/kernel/outbound-hosts.ts";

const fixture = (name: string): string =>
  readFileSync(new URL(`../../support/tls/${name}`, import.meta.url), "utf8");
const AUTHORITY = fixture("authority.pem");
const thumbprint = (pem: string): string =>
  new X509Certificate(pem).fingerprint.replaceAll(":", "").toLowerCase();
/** An issuer of the authority, and one that shows the authority's certificate without having one of it. */
const GENUINE = { cert: fixture("issuer.pem") + AUTHORITY, key: fixture("issuer.key") };
const IMPOSTOR = { cert: fixture("first.pem") + AUTHORITY, key: fixture("first.key") };

let server: Server | undefined;
afterEach(async () => {
  server?.closeAllConnections();
  await new Promise((resolve) => server?.close(resolve));
});

async function ask(
  identity: { readonly cert: string; readonly key: string },
  thumbprints: readonly string[],
  authorities?: string,
): Promise<unknown> {
  const started = createServer(identity, (_, response) => response.end('{"reached":true}'));
  server = started;
  await new Promise<void>((resolve) => started.listen(0, "127.0.0.1", resolve));
  const { port } = started.address() as AddressInfo;
  const fetch = providerFetch({ hosts: new OutboundHosts(["127.0.0.1"]), authorities });
  return fetch(`https://127.0.0.1:${port}/`, thumbprints);
}

describe("an issuer whose authority is not trusted", () => {
  test("is not believed", async () => {
    await expect(ask(GENUINE, [])).rejects.toThrow(/certificate/);
  });

  test.each([
    ["of its authority", thumbprint(AUTHORITY)],
    ["of its authority, in upper case", thumbprint(AUTHORITY).toUpperCase()],
    ["of its own certificate", thumbprint(fixture("issuer.pem"))],
  ])("is believed by a thumbprint %s", async (_, given) => {
    expect(await ask(GENUINE, ["0".repeat(40), given])).toEqual({ reached: true });
  });

  test("is not believed by another thumbprint", async () => {
    await expect(ask(GENUINE, [thumbprint(fixture("first.pem")), "z".repeat(40)])).rejects.toThrow(
      /certificate/,
    );
  });

  test("is believed where the authority is configured", async () => {
    expect(await ask(GENUINE, [], AUTHORITY)).toEqual({ reached: true });
  });
});

test("a certificate of the authority that is shown by somebody else proves nothing", async () => {
  await expect(ask(IMPOSTOR, [thumbprint(AUTHORITY)])).rejects.toThrow(/certificate/);
});
