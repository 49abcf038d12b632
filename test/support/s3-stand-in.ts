import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type Answer, answer, refusal } from "./s3-stand-in/answer.ts";
import { type Fault, Faults, type SeenRequest } from "./s3-stand-in/faults.ts";
import { S3Refusal, verifySignature } from "./s3-stand-in/signature.ts";
import { ObjectStore } from "./s3-stand-in/store.ts";

/** An S3 server in this process, with one bucket, path style, objects in memory. It believes no signature unchecked. */
export interface S3StandIn {
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly faults: Faults;
  /** Every request with a good signature, in order. */
  readonly requests: readonly SeenRequest[];
  /** Milliseconds by which its clock is ahead of that of whoever signs. */
  ahead: number;
  keys(): string[];
  unfinishedUploads(): number;
  close(): Promise<void>;
}

const CREDENTIALS = {
  accessKeyId: "STANDINACCESSKEY",
  secretAccessKey: "stand-in-secret-access-key",
  region: "us-east-1",
};
const BUCKET = "stand-in";

export async function startS3StandIn(): Promise<S3StandIn> {
  const store = new ObjectStore();
  const faults = new Faults();
  const requests: SeenRequest[] = [];
  const server = createServer((request, response) => {
    const now = Date.now() + standIn.ahead;
    serve(store, faults, requests, now, request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const standIn: S3StandIn = {
    ...CREDENTIALS,
    ahead: 0,
    endpoint: `http://127.0.0.1:${port}`,
    bucket: BUCKET,
    faults,
    requests,
    keys: () => store.keys(),
    unfinishedUploads: () => store.unfinished().length,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return standIn;
}

async function serve(
  store: ObjectStore,
  faults: Faults,
  requests: SeenRequest[],
  now: number,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await bodyOf(request);
  let fault: Fault | undefined;
  let answered: Answer;
  try {
    const seen = authenticate(request, body, now);
    requests.push(seen);
    fault = faults.take(seen);
    if (fault?.kind === "hold") await fault.until;
    if (fault?.kind === "cut" && fault.when === "before") return void response.destroy();
    if (fault?.kind === "answer") {
      const code = fault.status === 404 ? "NoSuchKey" : "InternalError";
      throw new S3Refusal(fault.status, code, "Ordered by the test");
    }
    answered = answer(store, seen, body);
  } catch (error) {
    answered = refusal(error);
  }
  if (fault?.kind === "cut" && fault.when === "after") return void response.destroy();
  await send(response, answered, request.method === "HEAD", fault);
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function authenticate(request: IncomingMessage, body: Buffer, now: number): SeenRequest {
  const { method = "", url: target = "", headers } = request;
  const payloadHash = verifySignature({ method, target, headers }, CREDENTIALS, now);
  if (payloadHash !== undefined && createHash("sha256").update(body).digest("hex") !== payloadHash) {
    throw new S3Refusal(400, "XAmzContentSHA256Mismatch", "The body is not what was signed");
  }
  const { pathname, searchParams: query } = new URL(target, "http://stand-in");
  const [, bucket, ...rest] = pathname.split("/");
  if (bucket !== BUCKET) throw new S3Refusal(404, "NoSuchBucket", "The specified bucket does not exist");
  return { method, key: decodeURIComponent(rest.join("/")), query, headers };
}

async function send(
  response: ServerResponse,
  answered: Answer,
  isHead: boolean,
  fault: Fault | undefined,
): Promise<void> {
  const { status, headers = {}, body = "" } = answered;
  const bytes = typeof body === "string" ? Buffer.from(body) : body;
  response.writeHead(status, { ...headers, ...(status === 204 ? {} : { "Content-Length": bytes.length }) });
  if (fault?.kind !== "cut" && fault?.kind !== "stall") return void response.end(isHead ? "" : bytes);
  const half = Math.floor(bytes.length / 2);
  await new Promise((resolve) => response.write(bytes.subarray(0, half), resolve));
  if (fault.kind === "cut") return void response.destroy();
  await fault.until;
  response.end(bytes.subarray(half));
}
