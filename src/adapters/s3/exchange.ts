import { type Agent, request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { S3Failure } from "./failure.ts";

const ANSWER_MAX = 64 * 1024;

/** One request to a presigned URL. */
export interface Exchange {
  /** For error texts: the URL is as good as a secret. */
  readonly what: string;
  readonly method: "GET" | "PUT";
  readonly url: string;
  readonly headers?: Readonly<Record<string, string | number>>;
  readonly body?: readonly Buffer[];
  readonly signal?: AbortSignal | undefined;
}

/** Sends a request and resolves with its answer, of which nothing is read yet. @throws S3Failure without an answer */
export function exchange(agent: Agent, { what, ...sent }: Exchange): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const { method, url, headers = {}, body = [], signal } = sent;
    const request = (url.startsWith("https:") ? httpsRequest : httpRequest)(url, {
      ...{ method, headers, agent },
      ...(signal === undefined ? {} : { signal }),
    });
    request.on("error", (error) => reject(new S3Failure(what, {}, error)));
    request.on("response", (response) => {
      // An answer that breaks off while nobody reads it must not bring the process down.
      response.on("error", () => undefined);
      // What was refused before all of it was sent need not be sent.
      response.on("end", () => {
        if (!request.writableFinished) request.destroy();
      });
      resolve(response);
    });
    for (const piece of body) request.write(piece);
    request.end();
  });
}

/** Ends an exchange whose answer matters by its status only. @throws S3Failure unless it is a success */
export async function settle(what: string, response: IncomingMessage): Promise<void> {
  const failure = await failureOf(what, response);
  if (failure !== undefined) throw failure;
}

/** Reads what S3 says about a failed request; undefined when it succeeded. */
export async function failureOf(what: string, response: IncomingMessage): Promise<S3Failure | undefined> {
  const status = response.statusCode ?? 0;
  const text = await textOf(response);
  if (status >= 200 && status < 300) return undefined;
  return new S3Failure(what, { status, s3Code: field(text, "Code"), message: field(text, "Message") });
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      size += chunk.length;
      if (size > ANSWER_MAX) break;
    }
  } catch {
    // A broken answer still has a status.
  }
  return Buffer.concat(chunks).toString("utf8");
}

function field(xml: string, name: string): string | undefined {
  return new RegExp(`<${name}>([^<]{1,500})</${name}>`).exec(xml)?.[1];
}
