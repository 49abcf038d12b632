import { readFile } from "node:fs/promises";
import { HelperError } from "./errors.js";

/** Where systems keep the authorities that docker trusts as well; Node by itself has a list of its own. */
const SYSTEM_BUNDLES = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
  "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
  "/etc/ssl/cert.pem",
];

/**
 * Authorities to trust: the bundle that `AWS_CA_BUNDLE` or `SSL_CERT_FILE` names, else the system's, and those of
 * `NODE_EXTRA_CA_CERTS` beside them, which Node adds to its own list alone. Undefined: Node's list.
 * @param {import("./files.js").Env} env
 * @returns {Promise<string[] | undefined>}
 */
export async function authorities(env) {
  const bundle = (await namedBundle(env)) ?? (await systemBundle());
  if (bundle === undefined) return undefined;
  const extra = env.NODE_EXTRA_CA_CERTS;
  // An extra file that is not there is no mistake to Node either.
  const more = extra ? await readFile(extra, "utf8").catch(() => undefined) : undefined;
  return more === undefined ? [bundle] : [bundle, more];
}

/** @param {import("./files.js").Env} env */
async function namedBundle(env) {
  const name = ["AWS_CA_BUNDLE", "SSL_CERT_FILE"].find((variable) => env[variable]);
  if (name === undefined) return undefined;
  return readFile(env[name] ?? "", "utf8").catch((error) => {
    throw new HelperError(`cannot read ${env[name]} (${name}): ${error.code}`);
  });
}

async function systemBundle() {
  for (const file of SYSTEM_BUNDLES) {
    const text = await readFile(file, "utf8").catch(() => undefined);
    if (text !== undefined) return text;
  }
  return undefined;
}
