import { createHash, createHmac } from "node:crypto";

/**
 * Headers of a POST to `/`, signed by "Create a signed AWS API request" (IAM user guide). All that are given are signed.
 * @param {object} request
 * @param {string} request.host
 * @param {Record<string, string>} request.headers by lower-case name
 * @param {string} request.body
 * @param {string} request.service
 * @param {string} request.region
 * @param {import("./credentials.js").Keys} keys
 * @param {Date} now
 * @returns {Record<string, string>}
 */
export function signPost({ host, headers, body, service, region }, keys, now) {
  const date = now.toISOString().replace(/[-:]|\.\d{3}/g, "");
  const day = date.slice(0, 8);
  /** @type {Record<string, string>} */
  const all = { ...headers, host, "x-amz-date": date };
  if (keys.sessionToken !== undefined) all["x-amz-security-token"] = keys.sessionToken;
  const names = Object.keys(all).sort();
  const signed = names.join(";");
  const canonical = [
    "POST",
    "/",
    "",
    ...names.map((name) => `${name}:${all[name]?.trim().replace(/\s+/g, " ")}`),
    "",
    signed,
    sha256(body),
  ].join("\n");
  const scope = `${day}/${region}/${service}/aws4_request`;
  const toSign = `AWS4-HMAC-SHA256\n${date}\n${scope}\n${sha256(canonical)}`;
  const key = [day, region, service, "aws4_request"].reduce(
    (/** @type {string | Buffer} */ from, text) => hmac(from, text),
    `AWS4${keys.secretAccessKey}`,
  );
  const signature = hmac(key, toSign).toString("hex");
  const credential = `${keys.accessKeyId}/${scope}`;
  return {
    ...all,
    authorization: `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${signed}, Signature=${signature}`,
  };
}

/** @param {string} text */
function sha256(text) {
  return createHash("sha256").update(text).digest("hex");
}

/** @param {string | Buffer} key @param {string} text */
function hmac(key, text) {
  return createHmac("sha256", key).update(text).digest();
}
