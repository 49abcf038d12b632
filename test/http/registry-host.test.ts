import { describe, expect, test } from "vitest";
import { registryHosts } from "../../src/composition/registry-hosts.ts";
import { registryOfHost } from "../../src/http/registry-host.ts";

const fallback = { account: "000000000000", region: "us-east-1" };
const named = { account: "123456789012", region: "eu-north-1" };

test.each([
  "123456789012.dkr.ecr.eu-north-1.amazonaws.com",
  "123456789012.dkr.ecr.eu-north-1.localhost:5050",
  "123456789012.dkr.ecr-fips.eu-north-1.amazonaws.com",
  "123456789012.dkr-ecr.eu-north-1.on.aws",
  "123456789012.dkr-ecr-fips.eu-north-1.on.aws:443",
  "123456789012.DKR.ECR.EU-North-1.Example.COM",
  "123456789012.dkr.ecr.eu-north-1.x",
])("%s names account and region", (host) => {
  expect(registryOfHost(host, fallback)).toEqual(named);
});

test.each([
  "",
  "localhost:5050",
  "127.0.0.1",
  "[::1]:5050",
  "registry.example.com",
  "12345678901.dkr.ecr.eu-north-1.x",
  "1234567890123.dkr.ecr.eu-north-1.x",
  "x123456789012.dkr.ecr.eu-north-1.x",
  "a.123456789012.dkr.ecr.eu-north-1.x",
  "123456789012.dkr.ecr.eu-north-1",
  "123456789012.dkr.ecr.eu-north-1:5050",
  "123456789012.dkr.ecr..x",
  "123456789012.dkr.ecr.eu_north.x",
  "123456789012.dkr.ecrfips.eu-north-1.x",
  "123456789012.dkr_ecr.eu-north-1.x",
  "123456789012xdkr.ecr.eu-north-1.x",
  "١٢٣٤٥٦٧٨٩٠١٢.dkr.ecr.eu-north-1.x",
])("%j is the default registry", (host) => {
  expect(registryOfHost(host, fallback)).toBe(fallback);
});

describe("where no template names registries", () => {
  const { endpointOf } = registryHosts({ registryHost: undefined, ...fallback });

  test.each(["http://127.0.0.1:5050", "https://registry.example.com", "http://[::1]:5050"])(
    "%s is the default one",
    (origin) => expect(endpointOf(fallback, origin)).toBe(origin),
  );

  test.each([
    ["http://127.0.0.1:5050", "http://123456789012.dkr.ecr.eu-north-1.localhost:5050"],
    ["http://[::1]:5050", "http://123456789012.dkr.ecr.eu-north-1.localhost:5050"],
    ["http://localhost", "http://123456789012.dkr.ecr.eu-north-1.localhost"],
    ["https://registry.example.com", "https://123456789012.dkr.ecr.eu-north-1.registry.example.com"],
    ["https://123456789012.dkr.ecr.eu-north-1.x", "https://123456789012.dkr.ecr.eu-north-1.x"],
    ["https://111111111111.DKR.ecr.us-east-1.x:1", "https://123456789012.dkr.ecr.eu-north-1.x:1"],
    ["http://10.0.0.1:5050", "http://10.0.0.1:5050"],
  ])("another one is a name below %s", (origin, expected) => {
    expect(endpointOf(named, origin)).toBe(expected);
  });

  test("the default one has its own name again below another's", () => {
    const origin = "https://123456789012.dkr.ecr.eu-north-1.x";
    expect(endpointOf(fallback, origin)).toBe("https://000000000000.dkr.ecr.us-east-1.x");
  });
});
