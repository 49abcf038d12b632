import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { findCredentials } from "../images/credentials.ts";
import {
  authorities,
  defaultEndpoint,
  findIdentity,
  findSite,
  HelperError,
  isObject,
  openIdentity,
} from "../login/helper.ts";

/** Bytes of an answer, at most. */
const ANSWER_MAX = 64 * 1024 * 1024;
/** Milliseconds without a sign of life. */
const IDLE_MAX = 60_000;

export interface Sent {
  readonly method: "GET" | "POST" | "DELETE";
  /** From the root on, with its query. */
  readonly path: string;
  readonly body?: unknown;
}

/** Berth's own API at one host, with somebody's credentials. */
export interface OwnApi {
  /** The JSON of the answer; undefined when it has none. @throws Error with what the server says, where it refuses */
  call(sent: Sent, signal?: AbortSignal): Promise<unknown>;
}

/**
 * Finds endpoint and credentials of a host: those of docker-credential-berth, else what `berth import` would take.
 * @throws HelperError where there are none
 */
export async function openOwnApi(host: string, env: NodeJS.ProcessEnv): Promise<OwnApi> {
  const site = await findSite(host, env);
  const endpoint = site?.endpoint ?? defaultEndpoint(host);
  const [user, password] = await loginOf(host, site, env);
  const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
  const ca = endpoint.startsWith("https:") ? await authorities(env) : undefined;
  return {
    async call({ method, path, body }, signal) {
      const content = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
      const options = {
        ...{ method, timeout: IDLE_MAX, agent: false as const, ...(signal === undefined ? {} : { signal }) },
        ...(ca === undefined ? {} : { ca }),
        headers: { authorization, "user-agent": "berth", ...headersOf(content) },
      };
      return answerOf(await send(new URL(path, endpoint), options, content));
    },
  };
}

async function loginOf(
  host: string,
  site: Awaited<ReturnType<typeof findSite>>,
  env: NodeJS.ProcessEnv,
): Promise<readonly [string, string]> {
  const identity = site === undefined ? undefined : await findIdentity(site, env);
  if (site !== undefined && identity !== undefined) {
    const { endpoint, region } = site;
    const { accessKeyId, secretAccessKey, sessionToken } = await openIdentity(identity, {
      ...{ endpoint, region, env },
    });
    // Secrets hold no dot, and session tokens follow one.
    return [accessKeyId, [secretAccessKey, sessionToken].filter((part) => part !== undefined).join(".")];
  }
  const found = await findCredentials(host, env);
  if (found === undefined) throw new HelperError(`nobody is logged in; run: berth login ${host}`);
  return [found.username, found.password];
}

function headersOf(content: Buffer | undefined): Readonly<Record<string, string>> {
  if (content === undefined) return {};
  return { "content-type": "application/json", "content-length": String(content.length) };
}

function send(
  url: URL,
  options: Parameters<typeof httpsRequest>[1],
  content: Buffer | undefined,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const outgoing = url.protocol === "https:" ? httpsRequest(url, options) : httpRequest(url, options);
    outgoing.on("timeout", () => outgoing.destroy(new Error(`${url.host} did not answer in time`)));
    outgoing.on("error", (error) =>
      reject(new HelperError(`cannot reach ${url.origin}: ${error.message}`, { cause: error })),
    );
    outgoing.on("response", resolve);
    outgoing.end(content);
  });
}

async function answerOf(response: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > ANSWER_MAX) throw new HelperError("the answer is too long");
    chunks.push(chunk);
  }
  const { statusCode = 0 } = response;
  const json = parsed(Buffer.concat(chunks).toString());
  if (statusCode >= 200 && statusCode < 300) return json;
  throw new HelperError(saidBy(json) ?? `the server answers ${statusCode}`);
}

function parsed(text: string): unknown {
  try {
    return text === "" ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The message of an error body of the distribution specification. */
function saidBy(json: unknown): string | undefined {
  const errors = isObject(json) ? json["errors"] : undefined;
  const first: unknown = Array.isArray(errors) ? errors[0] : undefined;
  return isObject(first) && typeof first["message"] === "string" ? first["message"] : undefined;
}
