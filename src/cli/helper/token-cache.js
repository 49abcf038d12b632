import { createHash } from "node:crypto";
import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { isObject, makeFolder, readJsonObject, stateFolder, writeWhole } from "./files.js";

/**
 * One file a token, named by a hash of what it is for: no process writes another's entry, and a rename is all that two
 * writers of one entry can disagree on.
 * @typedef {import("./ecr.js").RegistryToken & { host: string, endpoint: string }} Entry
 */

/** A temporary file that is older belongs to nobody any more. */
const ABANDONED = 60 * 60 * 1000;

/** @param {import("./files.js").Env} env */
function folderOf(env) {
  return join(stateFolder(env), "cache");
}

/**
 * @param {import("./sites.js").Site} site
 * @param {import("./credentials.js").Identity} identity
 * @param {import("./files.js").Env} env
 */
function fileOf({ host, endpoint, region, account = "" }, { name }, env) {
  const key = [host, endpoint, region, account, name].join("\n");
  return join(folderOf(env), `${createHash("sha256").update(key).digest("hex")}.json`);
}

/**
 * A token that is still valid; a file that makes no sense is none.
 * @param {import("./sites.js").Site} site
 * @param {import("./credentials.js").Identity} identity
 * @param {import("./files.js").Env} env
 */
export async function cachedToken(site, identity, env) {
  const entry = await readEntry(fileOf(site, identity, env));
  return entry === undefined || entry.expiresAt <= Date.now() ? undefined : entry;
}

/** Past half of its life, or from a time that has yet to come. @param {import("./ecr.js").RegistryToken} token */
export function isDue({ issuedAt, expiresAt }) {
  const now = Date.now();
  return now < issuedAt || now >= (issuedAt + expiresAt) / 2;
}

/**
 * Keeps a token, and drops what has expired. Without a place for it, it is not kept.
 * @param {import("./sites.js").Site} site
 * @param {import("./credentials.js").Identity} identity
 * @param {import("./ecr.js").RegistryToken} token
 * @param {import("./files.js").Env} env
 */
export async function keepToken(site, identity, token, env) {
  const { host, endpoint } = site;
  try {
    await makeFolder(stateFolder(env));
    await writeWhole(fileOf(site, identity, env), `${JSON.stringify({ host, endpoint, ...token })}\n`);
    await sweep(env);
  } catch {
    // A read-only home is no reason to refuse a login.
  }
}

/** @param {string} host @param {import("./files.js").Env} env */
export async function dropTokens(host, env) {
  for (const { file, entry } of await entries(env)) {
    if (entry?.host === host) await rm(file, { force: true });
  }
}

/** Hosts with a valid token, with its user name. @param {import("./files.js").Env} env */
export async function cachedHosts(env) {
  const now = Date.now();
  const valid = (await entries(env)).flatMap(({ entry }) => (entry && entry.expiresAt > now ? [entry] : []));
  return Object.fromEntries(valid.map(({ host, username }) => [host, username]).sort());
}

/** @param {import("./files.js").Env} env */
async function sweep(env) {
  const now = Date.now();
  for (const { file, entry } of await entries(env)) {
    if (entry === undefined || entry.expiresAt <= now) await rm(file, { force: true });
  }
  const folder = folderOf(env);
  for (const name of (await readdir(folder)).filter((each) => each.endsWith(".tmp"))) {
    const file = join(folder, name);
    const found = await stat(file).catch(() => undefined);
    if (found !== undefined && found.mtimeMs < now - ABANDONED) await rm(file, { force: true });
  }
}

/**
 * @param {import("./files.js").Env} env
 * @returns {Promise<{ file: string, entry: Entry | undefined }[]>}
 */
async function entries(env) {
  const folder = folderOf(env);
  const names = await readdir(folder).catch(() => []);
  const files = names.filter((name) => name.endsWith(".json")).map((name) => join(folder, name));
  return Promise.all(files.map(async (file) => ({ file, entry: await readEntry(file) })));
}

/** @param {string} file @returns {Promise<Entry | undefined>} */
async function readEntry(file) {
  const entry = await readJsonObject(file).catch(() => undefined);
  if (!isObject(entry)) return undefined;
  const texts = [entry.host, entry.username, entry.password];
  const times = [entry.issuedAt, entry.expiresAt];
  const isWhole =
    texts.every((text) => typeof text === "string" && text !== "") && times.every(Number.isFinite);
  return isWhole ? /** @type {Entry} */ (/** @type {unknown} */ (entry)) : undefined;
}
