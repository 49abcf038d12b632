import {
  type ClientRequest,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
} from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { setTimeout as delay } from "node:timers/promises";
import { getCACertificates } from "node:tls";
import { type Chunks, writeTo } from "../chunks.ts";
import { ImageError } from "../errors.ts";

/** Nothing moved on a connection for this long. A pipe that imports may pause, so it is generous. */
const IDLE_MS = 300_000;
/** Before the first and the second repetition. */
const BACKOFF_MS = [300, 1500];
/** The longest `Retry-After` that is waited for. */
const RETRY_AFTER_MAX_MS = 30_000;
const RETRIED_STATUS = new Set([429, 500, 502, 503, 504]);

export interface HttpRequest {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH";
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  /** Chunks are sent as they come, chunked. */
  readonly body?: Buffer | Chunks;
  /** Do not repeat a GET or HEAD: failing is an answer too. */
  readonly once?: boolean;
}

/** HTTP over kept-alive connections. GET and HEAD are repeated twice when the connection or the server fails. */
export class Transport {
  readonly #http = new HttpAgent({ keepAlive: true });
  readonly #https: HttpsAgent;

  /** `ca`: PEM of authorities to trust beside the usual ones. */
  constructor(ca?: Buffer) {
    this.#https = new HttpsAgent({
      keepAlive: true,
      ...(ca === undefined ? {} : { ca: [...getCACertificates(), ca.toString()] }),
    });
  }

  /** The answer, whatever its status, its body unread. The caller reads it to its end. */
  async send(request: HttpRequest): Promise<IncomingMessage> {
    const repeatable = ["GET", "HEAD"].includes(request.method) && request.once !== true;
    for (let attempt = 0; ; attempt++) {
      const pause = repeatable ? BACKOFF_MS[attempt] : undefined;
      try {
        const response = await this.#once(request);
        if (pause === undefined || !RETRIED_STATUS.has(response.statusCode ?? 0)) return response;
        response.resume();
        await delay(retryAfter(response) ?? pause);
      } catch (error) {
        if (pause === undefined || !isTransient(error)) throw explain(error, request.url);
        await delay(pause);
      }
    }
  }

  close(): void {
    this.#http.destroy();
    this.#https.destroy();
  }

  #once(request: HttpRequest): Promise<IncomingMessage> {
    const { method, url, headers, body } = request;
    const secure = url.protocol === "https:";
    return new Promise((resolve, reject) => {
      const outgoing = (secure ? httpsRequest : httpRequest)(url, {
        ...{ method, headers: { "User-Agent": "berth", ...headers }, timeout: IDLE_MS },
        agent: secure ? this.#https : this.#http,
      });
      outgoing.on("error", reject);
      outgoing.on("timeout", () => outgoing.destroy(new ImageError(`${url.host} did not answer in time`)));
      if (body === undefined || Buffer.isBuffer(body)) {
        outgoing.on("response", resolve);
        outgoing.end(body);
        return;
      }
      // A refusal may come while the body is still on its way; then the answer counts, not the broken pipe.
      let refused = false;
      const answer = new Promise<IncomingMessage>((arrived) => {
        outgoing.on("response", (response) => {
          refused = (response.statusCode ?? 0) >= 300;
          if (refused) resolve(response);
          arrived(response);
        });
      });
      pump(body, outgoing, () => refused)
        .then(() => answer)
        .then(resolve, (error: Error) => {
          reject(error);
          if (!refused) outgoing.destroy();
        });
    });
  }
}

async function pump(body: Chunks, request: ClientRequest, isRefused: () => boolean): Promise<void> {
  for await (const chunk of body) {
    if (isRefused()) return;
    await writeTo(request, chunk);
  }
  request.end();
}

const TRANSIENT = new Set(["ECONNRESET", "ECONNREFUSED", "ETIMEDOUT", "EPIPE", "EAI_AGAIN", "ENETUNREACH"]);

function isTransient(error: unknown): boolean {
  return TRANSIENT.has(codeOf(error));
}

export function codeOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  return typeof code === "string" ? code : "";
}

/** Whether the server's certificate was refused. */
export function isCertificateError(error: unknown): boolean {
  return /CERT|UNABLE_TO_|SIGNATURE|ERR_TLS/.test(codeOf(error));
}

function explain(error: unknown, url: URL): unknown {
  const code = codeOf(error);
  if (code === "" || error instanceof ImageError) return error;
  const message = (error as Error).message || code;
  if (isCertificateError(error)) {
    const text = `${url.host} has a certificate that is not trusted: ${message}; --ca-file names the authority's PEM file`;
    return Object.assign(new ImageError(text, { cause: error }), { code });
  }
  const plain = code === "EPROTO" || code.startsWith("ERR_SSL");
  const text = plain
    ? `${url.host} does not speak TLS; --plain-http uses HTTP`
    : `cannot talk to ${url.host}: ${message}`;
  return Object.assign(new ImageError(text, { cause: error }), { code });
}

function retryAfter(response: IncomingMessage): number | undefined {
  const seconds = Number(response.headers["retry-after"] ?? "x");
  return Number.isFinite(seconds) && seconds >= 0 ? Math.min(seconds * 1000, RETRY_AFTER_MAX_MS) : undefined;
}
