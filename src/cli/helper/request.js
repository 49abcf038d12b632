import { HelperError, ServiceError } from "./errors.js";
import { signPost } from "./sigv4.js";
import { authorities } from "./trust.js";

/**
 * Where a call goes.
 * @typedef {object} Target
 * @property {string} endpoint
 * @property {string} region
 * @property {import("./files.js").Env} env
 * @property {number} [timeout] milliseconds for the whole exchange
 */

const TIMEOUT = 15_000;
const ANSWER_MAX = 1 << 20;
const MESSAGE_MAX = 600;

const UNTRUSTED = new Set([
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
]);

/**
 * One call of an AWS dialect; resolves with the body of a 200.
 * @param {Target} target
 * @param {object} call
 * @param {string} call.service
 * @param {Record<string, string>} call.headers
 * @param {string} call.body
 * @param {import("./credentials.js").Keys} [keys] absent: unsigned
 * @param {readonly string[]} [secrets] what else must not come back in an error
 * @returns {Promise<string>}
 */
export async function call(target, { service, headers, body }, keys, secrets = []) {
  const { endpoint, region, env } = target;
  const url = new URL(endpoint);
  const all = { ...headers, "user-agent": "docker-credential-berth" };
  const sent =
    keys === undefined
      ? all
      : { ...all, ...signPost({ host: url.host, headers, body, service, region }, keys, new Date()) };
  const { status, headers: answered, text } = await post(url, sent, body, env, target.timeout ?? TIMEOUT);
  if (status === 200) return text;
  const hidden = [keys?.secretAccessKey, keys?.sessionToken, ...secrets];
  const { code, message } = readError(status, answered, text);
  throw new ServiceError(shown(code, hidden), shown(message, hidden));
}

/**
 * @param {URL} url
 * @param {Record<string, string>} headers
 * @param {string} body
 * @param {import("./files.js").Env} env
 * @param {number} timeout
 * @returns {Promise<{ status: number, headers: import("node:http").IncomingHttpHeaders, text: string }>}
 */
async function post(url, headers, body, env, timeout) {
  // Loaded here: an answer from the cache needs neither.
  const isSecure = url.protocol === "https:";
  const { request } = isSecure ? await import("node:https") : await import("node:http");
  const ca = isSecure ? await authorities(env) : undefined;
  try {
    return await new Promise((resolve, reject) => {
      const signal = AbortSignal.timeout(timeout);
      const sent = request(
        url,
        {
          method: "POST",
          headers: { ...headers, "content-length": String(Buffer.byteLength(body)) },
          agent: false,
          signal,
          ...(ca === undefined ? {} : { ca }),
        },
        (response) => {
          /** @type {Buffer[]} */
          const chunks = [];
          let size = 0;
          response.on("data", (/** @type {Buffer} */ chunk) => {
            size += chunk.length;
            if (size > ANSWER_MAX) response.destroy(new Error("the answer is too long"));
            else chunks.push(chunk);
          });
          response.on("error", reject);
          response.on("end", () => {
            const text = Buffer.concat(chunks).toString();
            resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
          });
        },
      );
      sent.on("error", reject);
      sent.end(body);
    });
  } catch (error) {
    throw unreachable(url, /** @type {NodeJS.ErrnoException} */ (error), timeout);
  }
}

/** @param {URL} url @param {NodeJS.ErrnoException} error @param {number} timeout */
function unreachable(url, { name, code, message }, timeout) {
  const reason = name === "AbortError" ? `no answer within ${timeout / 1000} s` : code || message;
  const hint = UNTRUSTED.has(code ?? "")
    ? "; name its authority in AWS_CA_BUNDLE, SSL_CERT_FILE or NODE_EXTRA_CA_CERTS"
    : "";
  return new HelperError(`cannot reach ${url.origin}: ${reason}${hint}`);
}

/**
 * AWS's two ways to say an error, or what a proxy says instead.
 * @param {number} status
 * @param {import("node:http").IncomingHttpHeaders} headers
 * @param {string} text
 */
function readError(status, headers, text) {
  if (text.trimStart().startsWith("{")) {
    try {
      const { __type, message, Message } = JSON.parse(text);
      const code = String(__type ?? headers["x-amzn-errortype"] ?? `HTTP ${status}`);
      return {
        // `namespace#Code:documentation`, of which both ends may be missing.
        code: code.slice(code.lastIndexOf("#") + 1).split(":", 1)[0] ?? code,
        message: String(message ?? Message ?? "no reason given"),
      };
    } catch {
      // Not what it looked like.
    }
  }
  const code = xmlValue(text, "Code");
  if (code !== undefined) return { code, message: xmlValue(text, "Message") ?? "no reason given" };
  return { code: `HTTP ${status}`, message: "the answer is not one of this service" };
}

/**
 * The text of the first element of that name; the answers of STS have no element twice.
 * @param {string} xml
 * @param {string} name
 */
export function xmlValue(xml, name) {
  const text = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];
  return text?.replace(/&(?:#(\d+)|#x([0-9a-fA-F]+)|(amp|lt|gt|quot|apos));/g, (_, decimal, hex, entity) => {
    if (entity !== undefined) return ENTITIES[/** @type {keyof typeof ENTITIES} */ (entity)];
    const point = Number.parseInt(decimal ?? hex, decimal === undefined ? 16 : 10);
    return point <= 0x10ffff ? String.fromCodePoint(point) : "";
  });
}

const ENTITIES = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/**
 * Somebody else's text on one line of a terminal, without what it must not repeat.
 * @param {string} text
 * @param {readonly (string | undefined)[]} hidden
 */
function shown(text, hidden) {
  let clean = text;
  for (const secret of hidden) if (secret) clean = clean.replaceAll(secret, "<hidden>");
  return clean.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, " ").slice(0, MESSAGE_MAX);
}
