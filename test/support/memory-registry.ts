import { createHash, randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Fault {
  /** Tested against `METHOD path?query`. */
  readonly on: RegExp;
  /** How many requests it meets; by default all. */
  times?: number;
  /** Answer this, at once, without reading the body. */
  readonly status?: number;
  readonly code?: string;
  readonly message?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Break the connection off; with `cutAfter` after that many bytes of the answer's body. */
  readonly cut?: boolean;
  readonly cutAfter?: number;
  /** Answer these bytes instead of the blob's. */
  readonly body?: Buffer;
}

export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly authorization: string | undefined;
  readonly range: string | undefined;
}

/** A registry of a few lines, for tests of clients: in memory, one process, no validation of manifests. */
export class MemoryRegistry {
  readonly blobs = new Map<string, Buffer>();
  /** By `repository@digest` and `repository:tag`. */
  readonly manifests = new Map<string, { mediaType: string; bytes: Buffer }>();
  readonly seen: Seen[] = [];
  faults: Fault[] = [];
  /** Ask for `user:password` by Basic. */
  basic: string | undefined;
  /** Ask for this token by Bearer; given out at /token for `basic`, or to everybody. */
  bearer: string | undefined;
  /** Send blob downloads to this origin. */
  redirectTo: string | undefined;
  ignoreRange = false;
  readonly #uploads = new Map<string, Buffer[]>();
  #server: Server | undefined;
  #port = 0;

  async listen(): Promise<this> {
    const server = createServer((request, response) => {
      this.#serve(request, response).catch(() => response.destroy());
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    this.#server = server;
    this.#port = (server.address() as AddressInfo).port;
    return this;
  }

  async close(): Promise<void> {
    this.#server?.closeAllConnections();
    await new Promise((resolve) => this.#server?.close(resolve));
  }

  get host(): string {
    return `127.0.0.1:${this.#port}`;
  }

  count(pattern: RegExp): number {
    return this.seen.filter(({ method, path }) => pattern.test(`${method} ${path}`)).length;
  }

  addBlob(bytes: Buffer, algorithm = "sha256"): string {
    const digest = `${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}`;
    this.blobs.set(digest, bytes);
    return digest;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://registry");
    const { method = "" } = request;
    const { authorization, range } = request.headers;
    const line = `${method} ${url.pathname}${url.search}`;
    this.seen.push({ method, path: url.pathname + url.search, authorization, range });
    const fault = this.faults.find((candidate) => candidate.on.test(line) && candidate.times !== 0);
    if (fault?.times !== undefined) fault.times--;
    if (fault?.cut === true) return void request.socket.destroy();
    if (fault?.status !== undefined) {
      return refuse(response, fault.status, fault.code, fault.message, fault.headers);
    }
    if (url.pathname === "/token") return this.#token(url, request, response);
    if (!this.#isAllowed(authorization)) return this.#challenge(response);
    if (url.pathname === "/v2/") return void response.end("{}");
    const [, repository = "", kind, reference = ""] =
      /^\/v2\/(.+)\/(manifests|blobs|blobs\/uploads)\/([^/]*)$/.exec(url.pathname) ?? [];
    if (kind === "manifests") return this.#manifest(request, response, repository, reference);
    if (kind === "blobs") return this.#blob(request, response, reference, fault);
    if (kind === "blobs/uploads") return this.#upload(request, response, url, reference);
    refuse(response, 404, "NAME_UNKNOWN", "no such path");
  }

  #isAllowed(authorization: string | undefined): boolean {
    if (this.bearer !== undefined) return authorization === `Bearer ${this.bearer}`;
    return this.basic === undefined || authorization === basicHeader(this.basic);
  }

  #challenge(response: ServerResponse): void {
    const realm = `http://${this.host}/token`;
    const challenge =
      this.bearer === undefined ? 'Basic realm="test"' : `Bearer realm="${realm}",service="test"`;
    refuse(response, 401, "UNAUTHORIZED", "who are you?", { "WWW-Authenticate": challenge });
  }

  async #token(url: URL, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.basic !== undefined && request.headers.authorization !== basicHeader(this.basic)) {
      return refuse(response, 401, "UNAUTHORIZED", "wrong password");
    }
    response.end(JSON.stringify({ token: this.bearer, scope: url.searchParams.get("scope") }));
  }

  async #manifest(request: IncomingMessage, response: ServerResponse, repository: string, reference: string) {
    const key = `${repository}${reference.includes(":") ? "@" : ":"}${reference}`;
    if (request.method === "PUT") {
      const bytes = await body(request);
      const mediaType = request.headers["content-type"] ?? "";
      const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
      for (const name of [key, `${repository}@${digest}`]) this.manifests.set(name, { mediaType, bytes });
      response.writeHead(201, { "Docker-Content-Digest": digest }).end();
      return;
    }
    const found = this.manifests.get(key);
    if (found === undefined) return refuse(response, 404, "MANIFEST_UNKNOWN", "manifest unknown");
    response.writeHead(200, { "Content-Type": found.mediaType, "Content-Length": found.bytes.length });
    response.end(request.method === "HEAD" ? undefined : found.bytes);
  }

  async #blob(
    request: IncomingMessage,
    response: ServerResponse,
    digest: string,
    fault: Fault | undefined,
  ): Promise<void> {
    const bytes = fault?.body ?? this.blobs.get(digest);
    if (bytes === undefined) return refuse(response, 404, "BLOB_UNKNOWN", "blob unknown");
    if (request.method === "HEAD") {
      response.writeHead(200, { "Content-Length": bytes.length }).end();
      return;
    }
    if (this.redirectTo !== undefined) {
      response.writeHead(307, { Location: `${this.redirectTo}${request.url}` }).end();
      return;
    }
    const start = this.ignoreRange ? 0 : Number(/^bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
    const rest = bytes.subarray(start);
    const range = { "Content-Range": `bytes ${start}-${bytes.length - 1}/${bytes.length}` };
    response.writeHead(start > 0 ? 206 : 200, { "Content-Length": rest.length, ...(start > 0 ? range : {}) });
    if (fault?.cutAfter === undefined) response.end(rest);
    else response.write(rest.subarray(0, fault.cutAfter), () => setImmediate(() => response.destroy()));
  }

  async #upload(request: IncomingMessage, response: ServerResponse, url: URL, id: string): Promise<void> {
    const session = id === "" ? randomUUID() : id;
    const parts = id === "" ? [] : this.#uploads.get(id);
    if (parts === undefined) return refuse(response, 404, "BLOB_UPLOAD_UNKNOWN", "no such upload");
    parts.push(await body(request));
    this.#uploads.set(session, parts);
    // A relative Location with a query that has to come back, as some registries send it.
    const location = `${url.pathname.replace(/[^/]*$/, "")}${session}?state=a%2Fb`;
    if (id !== "" && url.searchParams.get("state") !== "a/b")
      return refuse(response, 400, "BLOB_UPLOAD_INVALID", "state lost");
    if (request.method !== "PUT") return void response.writeHead(202, { Location: location }).end();
    this.#uploads.delete(session);
    const bytes = Buffer.concat(parts);
    const digest = url.searchParams.get("digest") ?? "";
    const [algorithm = "", hex] = digest.split(":");
    if (createHash(algorithm).update(bytes).digest("hex") !== hex) {
      return refuse(response, 400, "DIGEST_INVALID", "the digest is another");
    }
    this.blobs.set(digest, bytes);
    response.writeHead(201, { Location: "/" }).end();
  }
}

export function basicHeader(pair: string): string {
  return `Basic ${Buffer.from(pair).toString("base64")}`;
}

function refuse(
  response: ServerResponse,
  status: number,
  code = "UNKNOWN",
  message = "",
  headers: Readonly<Record<string, string>> = {},
): void {
  const errors = [{ code, message }];
  response.writeHead(status, { "Content-Type": "application/json", ...headers });
  response.end(JSON.stringify({ errors }));
}

async function body(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}
