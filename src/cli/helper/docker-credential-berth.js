#!/usr/bin/env node
// Docker's credential helper protocol (docker/docker-credential-helpers), for hosts that run Berth.
import { readFile } from "node:fs/promises";
import { findIdentity, openIdentity } from "./credentials.js";
import { getAuthorizationToken } from "./ecr.js";
import { HelperError } from "./errors.js";
import { findSite, hostOf } from "./sites.js";
import { cachedHosts, cachedToken, dropTokens, isDue, keepToken } from "./token-cache.js";

const NAME = "docker-credential-berth";
const USAGE = `Usage: ${NAME} <store|get|erase|list|version>`;
/** Clients know these three by their text; after the first they go on without credentials. */
const NOT_FOUND = "credentials not found in native keychain";
const NO_SERVER = "no credentials server URL";
const NO_USERNAME = "no credentials username";

const INPUT_MAX = 1 << 20;
/** Milliseconds to wait for a new token while the old one still works. */
const PATIENCE_WITH_TOKEN = 4000;

/** @type {Record<string, () => Promise<string>>} */
const VERBS = {
  get,
  store,
  erase,
  list: async () => JSON.stringify(await cachedHosts(process.env)),
  version,
  "--version": version,
  "-v": version,
  "--help": async () => USAGE,
  "-h": async () => USAGE,
};

try {
  const output = await run(process.argv.slice(2));
  if (output !== "") process.stdout.write(`${output}\n`);
} catch (error) {
  // Anything that was not made to be shown may quote what must not be.
  const text = error instanceof HelperError ? error.message : `${NAME}: ${nameOf(error)}`;
  process.stdout.write(`${text}\n`);
  process.exitCode = 1;
}

/** @param {readonly string[]} argv */
async function run([action = "", ...more]) {
  if (action === "" || more.length > 0) throw new HelperError(USAGE);
  const verb = Object.hasOwn(VERBS, action) ? VERBS[action] : undefined;
  if (verb === undefined) throw new HelperError(`${NAME}: unknown action: ${action}`);
  return verb();
}

async function get() {
  const server = await serverName();
  const host = hostOf(server);
  const site = host === undefined ? undefined : await findSite(host, process.env);
  if (site === undefined) throw new HelperError(NOT_FOUND);
  const identity = await findIdentity(site, process.env);
  if (identity === undefined) {
    process.stderr.write(`${NAME}: no credentials for ${site.host}; run: berth login ${site.host}\n`);
    throw new HelperError(NOT_FOUND);
  }
  const { username, password } = await tokenFor(site, identity);
  return JSON.stringify({ ServerURL: server, Username: username, Secret: password });
}

/**
 * The cached token until half of its life, then a new one; while none is to be had, the old one to its end.
 * @param {import("./sites.js").Site} site
 * @param {import("./credentials.js").Identity} identity
 */
async function tokenFor(site, identity) {
  const env = process.env;
  const known = await cachedToken(site, identity, env);
  if (known !== undefined && !isDue(known)) return known;
  try {
    const timeout = known === undefined ? undefined : PATIENCE_WITH_TOKEN;
    const target = { ...site, env, ...(timeout === undefined ? {} : { timeout }) };
    const token = await getAuthorizationToken(target, await openIdentity(identity, target), site.account);
    await keepToken(site, identity, token, env);
    return token;
  } catch (error) {
    if (known !== undefined) return known;
    if (!(error instanceof HelperError)) throw error;
    throw new HelperError(`${error.message} (${site.host}, credentials from ${identity.source})`);
  }
}

/** Nothing is kept: `get` asks for what it needs. Docker stores after each login. */
async function store() {
  /** @type {{ ServerURL?: unknown, Username?: unknown }} */
  let credentials;
  try {
    credentials = JSON.parse(await input());
  } catch {
    throw new HelperError("the credentials to store are not JSON");
  }
  if (!credentials?.ServerURL) throw new HelperError(NO_SERVER);
  if (!credentials.Username) throw new HelperError(NO_USERNAME);
  return "";
}

async function erase() {
  const host = hostOf(await serverName());
  if (host !== undefined) await dropTokens(host, process.env);
  return "";
}

async function version() {
  const manifest = await readFile(new URL("../../../package.json", import.meta.url), "utf8");
  return `${NAME} (berth) ${JSON.parse(manifest).version}`;
}

async function serverName() {
  const server = (await input()).trim();
  if (server === "") throw new HelperError(NO_SERVER);
  return server;
}

async function input() {
  let text = "";
  process.stdin.setEncoding("utf8");
  for await (const chunk of process.stdin) {
    text += chunk;
    if (text.length > INPUT_MAX) throw new HelperError("the input is too long");
  }
  return text;
}

/** @param {unknown} error */
function nameOf(error) {
  if (!(error instanceof Error)) return "unknown failure";
  const { code } = /** @type {NodeJS.ErrnoException} */ (error);
  return code ?? error.name;
}
