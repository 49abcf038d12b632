import { createHash } from "node:crypto";
import { HelperError } from "./errors.js";
import { readText } from "./files.js";
import { keysOfProfile } from "./profiles.js";
import { readSession } from "./sessions.js";
import { assumeRoleWithWebIdentity } from "./sts.js";

/**
 * Keys to sign with.
 * @typedef {object} Keys
 * @property {string} accessKeyId
 * @property {string} secretAccessKey
 * @property {string | undefined} [sessionToken]
 * @property {Date | undefined} [expiresAt] where it is known
 */

/**
 * Who the chain says one is, before anybody was asked.
 * @typedef {object} Identity
 * @property {string} source where it comes from, for the user
 * @property {string} name tells one identity from another; a cached token belongs to it
 * @property {Keys} [keys]
 * @property {{ token: string, roleArn: string, sessionName: string }} [webIdentity]
 */

/**
 * The first of: `BERTH_ACCESS_KEY_ID`…, `AWS_ACCESS_KEY_ID`…, web identity, a `berth login` session, a profile's keys.
 * Undefined when there is nothing at all.
 * @param {import("./sites.js").Site} site
 * @param {import("./files.js").Env} env
 * @returns {Promise<Identity | undefined>}
 */
export async function findIdentity(site, env) {
  const fromEnvironment = keysOfEnvironment("BERTH", env) ?? keysOfEnvironment("AWS", env);
  if (fromEnvironment !== undefined) return fromEnvironment;
  const federated = await webIdentityOfEnvironment(site, env);
  if (federated !== undefined) return federated;
  const session = await readSession(site.endpoint, env);
  const expiresAt = new Date(session?.expiresAt ?? 0);
  if (session !== undefined && expiresAt.getTime() > Date.now()) {
    const { accessKeyId, secretAccessKey, sessionToken } = session;
    const keys = { accessKeyId, secretAccessKey, sessionToken, expiresAt };
    return { source: "berth login", name: accessKeyId, keys };
  }
  const profile = await keysOfProfile(site.profile, env);
  if (profile !== undefined) {
    const { source, ...keys } = profile;
    return { source, name: keys.accessKeyId, keys };
  }
  if (session !== undefined) {
    throw new HelperError(`the session at ${site.endpoint} has ended; run: berth login ${site.host}`);
  }
  return undefined;
}

/**
 * The keys of an identity, from the service where it has none itself.
 * @param {Identity} identity
 * @param {import("./request.js").Target} target
 * @returns {Promise<Keys>}
 */
export async function openIdentity({ keys, webIdentity }, target) {
  if (keys !== undefined) return keys;
  if (webIdentity === undefined) throw new TypeError("an identity has keys or a token");
  return assumeRoleWithWebIdentity(target, webIdentity);
}

/**
 * @param {"BERTH" | "AWS"} prefix
 * @param {import("./files.js").Env} env
 * @returns {Identity | undefined}
 */
function keysOfEnvironment(prefix, env) {
  const [idName, secretName] = [`${prefix}_ACCESS_KEY_ID`, `${prefix}_SECRET_ACCESS_KEY`];
  const [accessKeyId, secretAccessKey] = [env[idName] ?? "", env[secretName] ?? ""];
  if (accessKeyId === "" && secretAccessKey === "") return undefined;
  if (accessKeyId === "" || secretAccessKey === "") {
    const missing = accessKeyId === "" ? idName : secretName;
    throw new HelperError(`${missing} is missing: the access key id and its secret go together`);
  }
  const sessionToken = env[`${prefix}_SESSION_TOKEN`] || undefined;
  return { source: idName, name: accessKeyId, keys: { accessKeyId, secretAccessKey, sessionToken } };
}

/**
 * @param {import("./sites.js").Site} site
 * @param {import("./files.js").Env} env
 * @returns {Promise<Identity | undefined>}
 */
async function webIdentityOfEnvironment(site, env) {
  const file = env.AWS_WEB_IDENTITY_TOKEN_FILE;
  if (!file) return undefined;
  const roleArn = env.AWS_ROLE_ARN;
  if (!roleArn) throw new HelperError("AWS_ROLE_ARN is missing: it goes with AWS_WEB_IDENTITY_TOKEN_FILE");
  // Whoever gets this token can use it, unlike a signature. A base image's name in somebody's Dockerfile must not
  // decide who that is, as it could where this helper is asked for all hosts.
  if (!site.named) {
    throw new HelperError(
      `${site.host} gets no web identity token before it is named; run: berth configure --host ${site.host}`,
    );
  }
  return webIdentity(file, roleArn, env.AWS_ROLE_SESSION_NAME);
}

/**
 * @param {string} file
 * @param {string} roleArn
 * @param {string | undefined} [sessionName]
 * @returns {Promise<Identity>}
 */
export async function webIdentity(file, roleArn, sessionName) {
  const token = (await readText(file))?.trim();
  if (!token) throw new HelperError(`${file} holds no web identity token`);
  return {
    source: `web identity, role ${roleArn}`,
    // Another token may stand for somebody else, even in the same file.
    name: createHash("sha256").update(`${roleArn}\n${token}`).digest("hex"),
    webIdentity: { token, roleArn, sessionName: sessionName || `berth-${Date.now()}` },
  };
}
