import { Connection, type Part } from "./connection.ts";
import { type Answer, headerOf } from "./response-parser.ts";

/** Where a registry is, and what it wants to see. */
export interface Endpoint {
  /** `http://HOST:PORT`. */
  readonly origin: string;
  /** Value of the Authorization header; undefined where none is asked for. */
  readonly authorization: string | undefined;
}

/** A body with its length, or one that is streamed in chunks. */
export type Body = Buffer | { readonly chunks: readonly Buffer[] };

export interface RequestOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Body;
  /** Keep the body of the answer as text. */
  readonly text?: boolean;
}

/** One user of a registry: one connection, one request at a time, credentials with each. */
export class Client {
  readonly #endpoint: Endpoint;
  readonly #url: URL;
  readonly #connection: Connection;

  constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint;
    this.#url = new URL(endpoint.origin);
    this.#connection = new Connection(
      this.#url.hostname.replace(/^\[|\]$/g, ""),
      Number(this.#url.port || 80),
    );
  }

  /** Resolves with the answer if its status is `status`. @throws Error naming the request and what came */
  async expect(status: number, method: string, path: string, options: RequestOptions = {}): Promise<Answer> {
    const answer = await this.request(method, path, options);
    return answer.status === status ? answer : this.#refuse(answer, `${method} ${path}`, status);
  }

  request(method: string, path: string, options: RequestOptions = {}): Promise<Answer> {
    const { headers = {}, body, text = false } = options;
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    const head = this.#head(method, path) + lines.join("");
    return this.#connection.send(withBody(head, method, body), { head: method === "HEAD", text });
  }

  /** The bytes of a request without a body, to be sent again and again by {@link repeat}. */
  prepare(method: "GET" | "HEAD", path: string, headers: string): Buffer {
    return Buffer.from(`${this.#head(method, path)}${headers}\r\n`);
  }

  /** @throws Error unless the answer is a 200 */
  async repeat(request: Buffer, head: boolean): Promise<Answer> {
    const answer = await this.#connection.send([request], { head, text: false });
    return answer.status === 200
      ? answer
      : this.#refuse(answer, request.toString("latin1").split("\r\n", 1)[0] ?? "", 200);
  }

  /** Path and query of where an answer's Location or Link points to, on the same registry. */
  pathOf(location: string): string {
    const url = new URL(location, this.#endpoint.origin);
    if (url.origin !== this.#url.origin) throw new Error(`${location} leads to another server`);
    return url.pathname + url.search;
  }

  close(): void {
    this.#connection.close();
  }

  #head(method: string, path: string): string {
    const { authorization } = this.#endpoint;
    const credentials = authorization === undefined ? "" : `Authorization: ${authorization}\r\n`;
    return `${method} ${path} HTTP/1.1\r\nHost: ${this.#url.host}\r\nUser-Agent: berth-bench\r\n${credentials}`;
  }

  #refuse(answer: Answer, request: string, wanted: number): never {
    const challenge = headerOf(answer, "www-authenticate");
    const said = challenge === undefined ? answer.text.slice(0, 200) : `it asks for ${challenge}`;
    throw new Error(`${request}: ${answer.status}, not ${wanted} ${said}`);
  }
}

function withBody(head: string, method: string, body: Body | undefined): readonly Part[] {
  if (body === undefined) {
    const length = method === "GET" || method === "HEAD" ? "" : "Content-Length: 0\r\n";
    return [`${head}${length}\r\n`];
  }
  if (Buffer.isBuffer(body)) return [`${head}Content-Length: ${body.length}\r\n\r\n`, body];
  const framed = body.chunks.flatMap((chunk): Part[] => [`${chunk.length.toString(16)}\r\n`, chunk, "\r\n"]);
  return [`${head}Transfer-Encoding: chunked\r\n\r\n`, ...framed, "0\r\n\r\n"];
}
