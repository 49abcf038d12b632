import { HelperError } from "./errors.js";
import { call } from "./request.js";

/**
 * What docker logs in with.
 * @typedef {object} RegistryToken
 * @property {string} username
 * @property {string} password
 * @property {number} issuedAt milliseconds, when it was asked for
 * @property {number} expiresAt milliseconds
 */

/**
 * @param {import("./request.js").Target} target
 * @param {import("./credentials.js").Keys} keys
 * @param {string | undefined} account
 * @returns {Promise<RegistryToken>}
 */
export async function getAuthorizationToken(target, keys, account) {
  const issuedAt = Date.now();
  const text = await call(
    target,
    {
      service: "ecr",
      headers: {
        "content-type": "application/x-amz-json-1.1",
        "x-amz-target": "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken",
      },
      body: JSON.stringify(account === undefined ? {} : { registryIds: [account] }),
    },
    keys,
  );
  const { authorizationToken, expiresAt } = firstOf(text) ?? {};
  const pair = Buffer.from(String(authorizationToken ?? ""), "base64").toString();
  const colon = pair.indexOf(":");
  if (colon < 1 || colon === pair.length - 1 || typeof expiresAt !== "number") {
    throw new HelperError(`${target.endpoint} answered without an authorization token`);
  }
  const [username, password] = [pair.slice(0, colon), pair.slice(colon + 1)];
  return { username, password, issuedAt, expiresAt: expiresAt * 1000 };
}

/** @param {string} text @returns {Record<string, unknown> | undefined} */
function firstOf(text) {
  try {
    return JSON.parse(text).authorizationData?.[0];
  } catch {
    return undefined;
  }
}
