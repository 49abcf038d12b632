import { expect, test } from "vitest";
import { exposureWarning } from "../../src/composition/exposure.ts";
import { readConfig } from "../../src/config.ts";

const TLS = { BERTH_TLS_CERT: "/c.pem", BERTH_TLS_KEY: "/k.pem" };

test.each([
  [{ BERTH_LISTEN: "0.0.0.0:5050" }],
  [{ BERTH_LISTEN: ":5050" }],
  [{ BERTH_LISTEN: "[::]:5050" }],
  [{ BERTH_LISTEN: "192.0.2.1:5050" }],
  [{ BERTH_LISTEN: "registry.example.com:5050" }],
  [{ BERTH_LISTEN: "0.0.0.0:5050", BERTH_EXTERNAL_URL: "http://registry.example.com" }],
])("%j lets passwords travel in the clear, and a line says so", (env) => {
  expect(exposureWarning(readConfig(env))).toMatch(/without TLS.*BERTH_TLS_CERT/);
});

test.each([
  [{}],
  [{ BERTH_LISTEN: "127.1.2.3:5050" }],
  [{ BERTH_LISTEN: "[::1]:5050" }],
  [{ BERTH_LISTEN: "localhost:5050" }],
  [{ BERTH_LISTEN: "0.0.0.0:5050", ...TLS }],
  [{ BERTH_LISTEN: "0.0.0.0:5050", BERTH_EXTERNAL_URL: "https://registry.example.com" }],
])("%j does not", (env) => {
  expect(exposureWarning(readConfig(env))).toBeUndefined();
});
