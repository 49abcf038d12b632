import type { IncomingMessage, ServerResponse } from "node:http";
import type { Exchange } from "./observe.ts";
import { errorOutcome } from "./on-error.ts";
import { type Outcome, sendOutcome } from "./outcome.ts";

/**
 * Runs a handler and writes what it decides, or what its error means. Never rejects. `complete` adds to a refusal what
 * its door alone knows.
 */
export async function respond(
  exchange: Exchange,
  request: IncomingMessage,
  response: ServerResponse,
  handle: () => Promise<Outcome>,
  complete = (refusal: Outcome): Outcome => refusal,
): Promise<void> {
  try {
    const outcome = await handle();
    if (!request.complete) endConnectionAfter(request, response);
    await sendOutcome(response, identified(outcome, exchange));
  } catch (error) {
    exchange.error = error;
    const outcome = identified(complete(errorOutcome(error, exchange.id)), exchange);
    if (response.headersSent || response.destroyed) response.destroy();
    else await sendError(request, response, outcome);
  }
}

/**
 * With what every answer of these doors says; the handler's own words come last. All headers in one place: Node writes
 * those that were set one by one more slowly.
 */
function identified({ status, headers: own, body }: Outcome, exchange: Exchange): Outcome {
  const headers = {
    ...exchange.headers,
    "Docker-Distribution-Api-Version": "registry/2.0",
    "X-Request-Id": exchange.id,
    ...own,
  };
  return body === undefined ? { status, headers } : { status, headers, body };
}

async function sendError(
  request: IncomingMessage,
  response: ServerResponse,
  { status, headers, body }: Outcome,
): Promise<void> {
  const isHead = request.method === "HEAD";
  if (!request.complete) endConnectionAfter(request, response);
  await sendOutcome(response, { status, headers, ...(isHead || body === undefined ? {} : { body }) });
}

/** Milliseconds for which the rest of a body that nobody wants is still taken. */
const LINGER = 2_000;

/**
 * A body that nobody wants is not worth its transfer: the connection ends with the answer. Not at once, as Node would
 * do it: bytes that were never read reset the connection, and their sender could lose the answer.
 */
function endConnectionAfter(request: IncomingMessage, response: ServerResponse): void {
  const { socket } = request;
  response.setHeader("Connection", "close");
  request.resume();
  // What Node calls when the answer was handed over.
  socket.destroySoon = () => {
    socket.end();
    const timer = setTimeout(() => socket.destroy(), LINGER);
    timer.unref();
    socket.once("close", () => clearTimeout(timer));
  };
}
