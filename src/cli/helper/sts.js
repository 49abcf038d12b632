import { HelperError } from "./errors.js";
import { call, xmlValue } from "./request.js";

/** @typedef {import("./credentials.js").Keys} Keys */
/** @typedef {import("./request.js").Target} Target */

/**
 * @param {Target} target
 * @param {Keys} keys
 */
export async function getCallerIdentity(target, keys) {
  const answer = await query(target, { Action: "GetCallerIdentity" }, keys);
  return { arn: required(target, answer, "Arn"), account: required(target, answer, "Account") };
}

/**
 * @param {Target} target
 * @param {Keys} keys
 * @param {number} seconds
 */
export async function getSessionToken(target, keys, seconds) {
  const parameters = { Action: "GetSessionToken", DurationSeconds: String(seconds) };
  return credentialsOf(target, await query(target, parameters, keys));
}

/**
 * Unsigned: the token is what proves it.
 * @param {Target} target
 * @param {{ token: string, roleArn: string, sessionName: string }} identity
 */
export async function assumeRoleWithWebIdentity(target, { token, roleArn, sessionName }) {
  const parameters = {
    ...{ Action: "AssumeRoleWithWebIdentity", RoleArn: roleArn, RoleSessionName: sessionName },
    WebIdentityToken: token,
  };
  return credentialsOf(target, await query(target, parameters, undefined, [token]));
}

/**
 * @param {Target} target
 * @param {Record<string, string>} parameters
 * @param {Keys} [keys]
 * @param {readonly string[]} [secrets]
 */
function query(target, parameters, keys, secrets) {
  return call(
    target,
    {
      service: "sts",
      headers: { "content-type": "application/x-www-form-urlencoded; charset=utf-8" },
      body: new URLSearchParams({ ...parameters, Version: "2011-06-15" }).toString(),
    },
    keys,
    secrets,
  );
}

/** @param {Target} target @param {string} answer */
function credentialsOf(target, answer) {
  const expiresAt = new Date(required(target, answer, "Expiration"));
  if (Number.isNaN(expiresAt.getTime())) throw incomplete(target, "Expiration");
  return {
    accessKeyId: required(target, answer, "AccessKeyId"),
    secretAccessKey: required(target, answer, "SecretAccessKey"),
    sessionToken: required(target, answer, "SessionToken"),
    expiresAt,
  };
}

/** @param {Target} target @param {string} answer @param {string} name */
function required(target, answer, name) {
  const value = xmlValue(answer, name);
  if (!value) throw incomplete(target, name);
  return value;
}

/** @param {Target} target @param {string} name */
function incomplete({ endpoint }, name) {
  return new HelperError(`${endpoint} answered without ${name}`);
}
