import { type IncomingHttpHeaders, type IncomingMessage, request } from "node:http";
import { ADMINISTRATOR, basic } from "../berth.ts";

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
}

const AUTHORIZATION = basic(ADMINISTRATOR.accessKeyId, ADMINISTRATOR.secretAccessKey);

/** One request as the administrator, on a connection of its own. Rejects when the server dies before it has answered. */
export function ask(url: string, { method, path, headers, body }: Asked): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const outgoing = request(new URL(path, url), {
      method,
      agent: false,
      headers: {
        authorization: AUTHORIZATION,
        ...(method === "GET" || method === "HEAD" ? {} : { "content-length": String(body?.length ?? 0) }),
        ...headers,
      },
    });
    outgoing.once("error", reject);
    outgoing.once("response", (response) => read(response).then(resolve, reject));
    outgoing.end(body);
  });
}

async function read(response: IncomingMessage): Promise<Reply> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  return { status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) };
}
