import type { IncomingMessage } from "node:http";
import type { Chunks } from "../chunks.ts";
import { ImageError, oneLine } from "../errors.ts";
import { isObject, stringOf } from "../untrusted-json.ts";

const BODY_MAX = 64 * 1024;

/** A registry's refusal: its status, and what its first error says. */
export class ResponseError extends ImageError {
  override readonly name = "ResponseError";
  readonly status: number;
  readonly code: string | undefined;

  constructor(status: number, code: string | undefined, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** Reads the answer and says what failed; `what` is "HEAD of the blob sha256:…", for example. */
export async function responseError(
  response: IncomingMessage,
  host: string,
  what: string,
): Promise<ResponseError> {
  const status = response.statusCode ?? 0;
  const { code, message } = firstError(await readBody(response, BODY_MAX).catch(() => Buffer.alloc(0)));
  const said = [code, message].filter((part) => part !== undefined).join(": ");
  const text = `${host} answered ${status} to the ${what}${said === "" ? "" : `: ${oneLine(said)}`}${hint(status)}`;
  return new ResponseError(status, code, text);
}

function hint(status: number): string {
  return status === 401
    ? " (credentials come from BERTH_ACCESS_KEY_ID and BERTH_SECRET_ACCESS_KEY, or docker's config.json)"
    : "";
}

function firstError(body: Buffer): { code: string | undefined; message: string | undefined } {
  let value: unknown;
  try {
    value = JSON.parse(body.toString());
  } catch {
    return { code: undefined, message: undefined };
  }
  const errors = isObject(value) && Array.isArray(value["errors"]) ? value["errors"] : [];
  const first: unknown = errors[0];
  if (!isObject(first)) return { code: undefined, message: undefined };
  return { code: stringOf(first, "code"), message: stringOf(first, "message") };
}

/** @throws ImageError when the body has more than `max` bytes */
export async function readBody(response: IncomingMessage, max: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as Chunks) {
    bytes += chunk.length;
    if (bytes > max) throw new ImageError(`the answer has more than ${max} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
