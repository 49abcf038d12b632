import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { loadCertificate } from "../../src/http/certificate.ts";

const CERTIFICATES = fileURLToPath(new URL("../support/tls", import.meta.url));

test.each([
  [
    "no certificate",
    "none.pem",
    "first.key",
    /^BERTH_TLS_CERT .*a certificate in PEM; \S+none\.pem .*ENOENT/,
  ],
  ["no key", "first.pem", "none.key", /^BERTH_TLS_KEY .*private key.*; \S+none\.key .*ENOENT/],
  [
    "a key for a certificate",
    "first.key",
    "first.key",
    /^BERTH_TLS_CERT .*; \S+first\.key .*(PEM|start line)/,
  ],
  [
    "the key of another",
    "first.pem",
    "second.key",
    /^BERTH_TLS_KEY .*; \S+second\.key .*key values mismatch/,
  ],
])("%s is refused by the name of its setting and its file", async (_, cert, key, expected) => {
  const files = { certFile: join(CERTIFICATES, cert), keyFile: join(CERTIFICATES, key) };
  await expect(loadCertificate(files)).rejects.toThrow(expected);
});
