import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { authorities, HelperError } from "../login/helper.ts";

/** Milliseconds without a sign of life. */
const IDLE_MAX = 60_000;

export interface HttpRequest {
  readonly method: "GET" | "POST" | "DELETE";
  readonly headers?: Readonly<Record<string, string>>;
  readonly content?: Buffer | undefined;
  /** Bytes of an answer, at most. */
  readonly answerMax: number;
  readonly signal?: AbortSignal | undefined;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

/** One exchange. @throws HelperError when the server is not reached, or its answer is too long */
export async function exchange(url: URL, sent: HttpRequest, env: NodeJS.ProcessEnv): Promise<HttpAnswer> {
  const ca = url.protocol === "https:" ? await authorities(env) : undefined;
  const response = await responseTo(url, sent, ca);
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > sent.answerMax) throw new HelperError("the answer is too long");
    chunks.push(chunk);
  }
  const { statusCode: status = 0, headers } = response;
  return { status, headers, body: Buffer.concat(chunks) };
}

function responseTo(
  url: URL,
  { method, headers, content, signal }: HttpRequest,
  ca: string[] | undefined,
): Promise<IncomingMessage> {
  const options = {
    ...{ method, timeout: IDLE_MAX, agent: false as const },
    ...(signal === undefined ? {} : { signal }),
    ...(ca === undefined ? {} : { ca }),
    headers: {
      "user-agent": "berth",
      ...headers,
      ...(content === undefined ? {} : { "content-length": String(content.length) }),
    },
  };
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

/** The JSON of a body; undefined where it is none. */
export function jsonOf({ body }: HttpAnswer): unknown {
  try {
    return body.length === 0 ? undefined : JSON.parse(body.toString());
  } catch {
    return undefined;
  }
}
