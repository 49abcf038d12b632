import { createHash } from "node:crypto";
import { join } from "node:path";
import { readJsonObject, stateFolder, writeWhole } from "./files.js";

/**
 * What `berth login` got: temporary keys for one endpoint.
 * @typedef {object} Session
 * @property {string} endpoint
 * @property {string} accessKeyId
 * @property {string} secretAccessKey
 * @property {string} sessionToken
 * @property {string} expiresAt ISO 8601
 */

/**
 * One session serves the hosts of all accounts in a region, which differ in their first label alone.
 * @param {string} endpoint
 * @param {import("./files.js").Env} env
 */
export function sessionFile(endpoint, env) {
  const shared = endpoint.replace(/^(https?:\/\/)\d{12}(\.dkr[.-]ecr)/, "$1*$2");
  const name = createHash("sha256").update(shared).digest("hex").slice(0, 32);
  return join(stateFolder(env), `session-${name}.json`);
}

/**
 * The session of an endpoint, perhaps past its time; undefined when there is none that makes sense.
 * @param {string} endpoint
 * @param {import("./files.js").Env} env
 * @returns {Promise<Session | undefined>}
 */
export async function readSession(endpoint, env) {
  const session = await readJsonObject(sessionFile(endpoint, env));
  if (session === undefined) return undefined;
  const { accessKeyId, secretAccessKey, sessionToken, expiresAt } = session;
  const texts = [accessKeyId, secretAccessKey, sessionToken, expiresAt];
  if (!texts.every((text) => typeof text === "string" && text !== "")) return undefined;
  return /** @type {Session} */ (/** @type {unknown} */ (session));
}

/**
 * @param {Session} session
 * @param {import("./files.js").Env} env
 */
export async function writeSession(session, env) {
  await writeWhole(sessionFile(session.endpoint, env), `${JSON.stringify(session, null, 2)}\n`);
}
