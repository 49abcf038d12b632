import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { AwsEndpoint, KEY_ID, SECRET } from "./aws-endpoint.ts";
import { NODES, useHarness } from "./harness.ts";

const harness = useHarness();
const KEYS = { BERTH_ACCESS_KEY_ID: KEY_ID, BERTH_SECRET_ACCESS_KEY: SECRET };
const pem = (name: string): string => new URL(`../../support/tls/${name}.pem`, import.meta.url).pathname;

describe.each(NODES)("TLS on Node %s", (_version, node) => {
  let secure: AwsEndpoint;
  beforeEach(async () => {
    secure = await new AwsEndpoint().listen("first");
    await harness.write(".berth/config.json", { hosts: { [secure.host]: { endpoint: secure.url } } });
  });
  afterEach(() => secure.close());

  it.each<[string, Record<string, string>, boolean]>([
    ["is refused for an unknown authority", {}, false],
    ["is refused for another authority", { SSL_CERT_FILE: pem("second") }, false],
    ["trusts SSL_CERT_FILE", { SSL_CERT_FILE: pem("first") }, true],
    ["trusts AWS_CA_BUNDLE", { AWS_CA_BUNDLE: pem("first") }, true],
    [
      "trusts AWS_CA_BUNDLE before SSL_CERT_FILE",
      { AWS_CA_BUNDLE: pem("second"), SSL_CERT_FILE: pem("first") },
      false,
    ],
    ["trusts NODE_EXTRA_CA_CERTS", { NODE_EXTRA_CA_CERTS: pem("first") }, true],
    ["trusts both", { NODE_EXTRA_CA_CERTS: pem("first"), SSL_CERT_FILE: pem("second") }, true],
  ])("%s", async (_name, env, isTrusted) => {
    const ran = await harness.helper(["get"], secure.host, { ...KEYS, ...env }, node);
    expect(ran.code).toBe(isTrusted ? 0 : 1);
    if (!isTrusted)
      expect(ran.out).toMatch(/^cannot reach https:\S+ [A-Z_]+; name its authority in AWS_CA_BUNDLE/);
    expect(secure.calls).toHaveLength(isTrusted ? 1 : 0);
  });

  it("says that a bundle cannot be read", async () => {
    const ran = await harness.helper(["get"], secure.host, { ...KEYS, AWS_CA_BUNDLE: "/none" }, node);
    expect(ran.out).toMatch(/^cannot read \/none \(AWS_CA_BUNDLE\): ENOENT \(/);
  });
});
