import type { ServerResponse } from "node:http";
import type { BlobReader } from "../registry/ports/index.ts";

/** What a handler decided: status, headers, where the body comes from. It knows no framework. */
export interface Outcome {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | number | readonly string[]>>;
  /** Bytes, or an opened blob; absent for an empty body. A HEAD answer has headers alone. */
  readonly body?: Buffer | BlobReader;
}

/** Milliseconds for which a client may take nothing of a body. */
const READER_IDLE = 120_000;

/** Bytes up to which a body goes out in one piece with the headers, as Node does it with text alone. */
const ONE_PIECE_MAX = 4_096;

/**
 * Writes an outcome. Resolves when the body was handed over; rejects when it broke off, with the connection destroyed,
 * so that the client cannot take a part for the whole.
 */
export async function sendOutcome(
  response: ServerResponse,
  outcome: Outcome,
  readerIdle = READER_IDLE,
): Promise<void> {
  const { body } = outcome;
  response.writeHead(outcome.status, outcome.headers as Record<string, string | number | string[]>);
  const bytes = Buffer.isBuffer(body) ? body : body?.bytes;
  if (body === undefined || Buffer.isBuffer(body) || bytes !== undefined) {
    const isSmall = bytes !== undefined && bytes.length <= ONE_PIECE_MAX;
    response.end(isSmall ? bytes.toString("latin1") : bytes, "latin1");
    return;
  }
  response.setTimeout(readerIdle, () => response.destroy());
  try {
    await body.copyTo(response);
    response.end();
  } catch (error) {
    response.destroy();
    throw error;
  } finally {
    response.setTimeout(0);
  }
}

/** The same answer, which says more; its own words come last. */
export function withHeaders({ status, headers, body }: Outcome, more: Outcome["headers"]): Outcome {
  const all = { ...more, ...headers };
  return body === undefined ? { status, headers: all } : { status, headers: all, body };
}

/** An answer in JSON. */
export function json(status: number, value: unknown, headers: Outcome["headers"] = {}): Outcome {
  const body = Buffer.from(JSON.stringify(value));
  return {
    status,
    headers: { "Content-Type": "application/json", "Content-Length": body.length, ...headers },
    body,
  };
}

export function empty(status: number, headers: Outcome["headers"] = {}): Outcome {
  return {
    status,
    headers: status === 204 || status === 304 ? headers : { "Content-Length": 0, ...headers },
  };
}
