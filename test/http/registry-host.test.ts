import { expect, test } from "vitest";
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
