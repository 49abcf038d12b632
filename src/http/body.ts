import type { IncomingMessage } from "node:http";
import { RegistryError } from "../registry/errors.ts";

/** What a client may take its time for; all times in milliseconds. */
export interface BodyLimits {
  /** Time without a byte. */
  readonly idle: number;
  /** Time of waiting within which {@link windowBytes} must come: a trickle is not an upload. */
  readonly window: number;
  readonly windowBytes: number;
  /** The whole of a body that is read as a whole. */
  readonly whole: number;
}

export const BODY_LIMITS: BodyLimits = {
  idle: 60_000,
  window: 60_000,
  windowBytes: 16 * 1024,
  whole: 60_000,
};

/** The client hung up: neither its fault nor ours, and nobody is left to be told. */
export class ClientGoneError extends Error {
  override readonly name = "ClientGoneError";
}

/**
 * A request's body, chunk by chunk, with backpressure and no limit on its whole duration: hours of honest upload are
 * fine, unless it must be over by `until` (of performance.now()).
 * @throws RegistryError (408) when the client sends nothing, or next to nothing, for a minute; ClientGoneError
 */
export async function* bodyChunks(
  request: IncomingMessage,
  { idle, window, windowBytes }: Omit<BodyLimits, "whole"> = BODY_LIMITS,
  until = Number.POSITIVE_INFINITY,
): AsyncGenerator<Buffer, void, undefined> {
  const source = request.iterator({ destroyOnReturn: false }) as AsyncIterator<Buffer>;
  let waited = 0;
  let received = 0;
  try {
    for (;;) {
      const before = performance.now();
      if (before >= until) throw tooSlow();
      const next = await withDeadline(source.next(), Math.min(idle, until - before), request);
      if (next.done === true) {
        if (!request.complete) throw new ClientGoneError("the client closed the connection within the body");
        return;
      }
      waited += performance.now() - before;
      received += next.value.length;
      if (waited > window) {
        if (received < windowBytes) throw tooSlow();
        waited = 0;
        received = 0;
      }
      yield next.value;
    }
  } finally {
    // Lets go of the request, whose rest could not be resumed else. Not awaited: a read may be under way for ever.
    source.return?.().catch(() => undefined);
  }
}

/** A small body as a whole. @throws RegistryError SIZE_INVALID (413) beyond `max` bytes, (408) when it takes a minute */
export async function readBody(
  request: IncomingMessage,
  max: number,
  limits: BodyLimits = BODY_LIMITS,
): Promise<Buffer> {
  const announced = Number(request.headers["content-length"] ?? 0);
  if (announced > max) throw tooLarge(max);
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of bodyChunks(request, limits, performance.now() + limits.whole)) {
    size += chunk.length;
    if (size > max) throw tooLarge(max);
    chunks.push(chunk);
  }
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
}

/** Whether a request carries a body of at least one byte, as far as its headers tell. */
export function hasBody(request: IncomingMessage): boolean {
  const length = request.headers["content-length"];
  return length === undefined ? request.headers["transfer-encoding"] !== undefined : Number(length) > 0;
}

async function withDeadline<T>(
  result: Promise<T>,
  milliseconds: number,
  request: IncomingMessage,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(tooSlow()), milliseconds);
  });
  try {
    return await Promise.race([result, late]);
  } catch (error) {
    if (error instanceof RegistryError) throw error;
    throw new ClientGoneError("the client closed the connection within the body", {
      cause: request.errored ?? error,
    });
  } finally {
    clearTimeout(timer);
  }
}

function tooLarge(max: number): RegistryError {
  return new RegistryError("SIZE_INVALID", `the body has more than ${max} bytes`, { status: 413 });
}

function tooSlow(): RegistryError {
  return new RegistryError("SIZE_INVALID", "the body came too slowly", {
    status: 408,
    headers: { Connection: "close" },
  });
}
