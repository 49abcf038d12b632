import type { IncomingMessage } from "node:http";
import { leaseOf } from "./body-memory.ts";
import { Refusal } from "./refusal.ts";

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

/** Emitted by a request when its body is about to be read for the first time: a client may wait to be asked for it. */
export const BODY_WANTED = "bodyWanted";

/** The client hung up: neither its fault nor ours, and nobody is left to be told. */
export class ClientGoneError extends Error {
  override readonly name = "ClientGoneError";
}

/**
 * A request's body, chunk by chunk, with backpressure and no limit on its whole duration: hours of honest upload are
 * fine, unless it must be over by `until` (of performance.now()). One reader, which takes chunk after chunk and calls
 * `return` when it wants no more.
 * @throws Refusal (408) when the client sends nothing, or next to nothing, for a minute; ClientGoneError
 */
export function bodyChunks(
  request: IncomingMessage,
  limits: Omit<BodyLimits, "whole"> = BODY_LIMITS,
  until = Number.POSITIVE_INFINITY,
): AsyncIterableIterator<Buffer, void, undefined> {
  return new BodyChunks(request, limits, until);
}

/** Bytes of a body that wait for its reader, about. */
const AHEAD_MAX = 256 * 1024;

type Chunk = IteratorResult<Buffer, undefined>;

/** By 'data' events: a stream's own iterator copies chunks together and costs as much as their hashes. */
class BodyChunks implements AsyncIterableIterator<Buffer, void, undefined> {
  readonly #request: IncomingMessage;
  readonly #limits: Omit<BodyLimits, "whole">;
  readonly #until: number;
  readonly #ahead: Buffer[] = [];
  #aheadBytes = 0;
  /** The reader, when it waits. */
  #reader: { readonly resolve: (chunk: Chunk) => void; readonly reject: (error: Error) => void } | undefined;
  #since = 0;
  #timer: NodeJS.Timeout | undefined;
  /** Time of waiting, and what came in it, since the last look at whether the client trickles. */
  #waited = 0;
  #received = 0;
  #state: "new" | "open" | "ended" | "released" = "new";
  #failure: Error | undefined;

  constructor(request: IncomingMessage, limits: Omit<BodyLimits, "whole">, until: number) {
    this.#request = request;
    this.#limits = limits;
    this.#until = until;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<Chunk> {
    if (this.#state === "new") this.#open();
    const chunk = this.#ahead.shift();
    if (chunk !== undefined) {
      this.#aheadBytes -= chunk.length;
      if (this.#aheadBytes === 0) this.#request.resume();
      return this.#take(chunk, 0) ?? Promise.resolve({ done: false, value: chunk });
    }
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#state !== "open") return Promise.resolve({ done: true, value: undefined });
    this.#since = performance.now();
    if (this.#since >= this.#until) return this.#fail(tooSlow());
    return new Promise((resolve, reject) => {
      this.#reader = { resolve, reject };
      if (this.#timer === undefined) this.#watch(this.#since);
    });
  }

  /** Lets go of the request, whose rest somebody else may take. */
  async return(): Promise<IteratorResult<Buffer, undefined>> {
    if (this.#state === "open") this.#request.pause();
    this.#release("released");
    return { done: true, value: undefined };
  }

  #open(): void {
    const request = this.#request;
    this.#state = "open";
    request.emit(BODY_WANTED);
    if (request.readableEnded) this.#onEnd();
    else if (request.destroyed) this.#onClose();
    else {
      request.on("data", this.#onData);
      request.on("end", this.#onEnd);
      request.on("error", this.#onClose);
      request.on("close", this.#onClose);
    }
  }

  #release(state: "ended" | "released"): void {
    if (this.#state === "new" || this.#state === "open") this.#state = state;
    clearTimeout(this.#timer);
    const request = this.#request;
    request.off("data", this.#onData);
    request.off("end", this.#onEnd);
    request.off("error", this.#onClose);
    request.off("close", this.#onClose);
  }

  readonly #onData = (chunk: Buffer): void => {
    const reader = this.#reader;
    if (reader === undefined) {
      this.#ahead.push(chunk);
      this.#aheadBytes += chunk.length;
      if (this.#aheadBytes >= AHEAD_MAX) this.#request.pause();
      return;
    }
    const refused = this.#take(chunk, performance.now() - this.#since);
    if (refused !== undefined) return;
    this.#reader = undefined;
    reader.resolve({ done: false, value: chunk });
  };

  readonly #onEnd = (): void => {
    if (!this.#request.complete) {
      this.#onClose();
      return;
    }
    this.#release("ended");
    this.#reader?.resolve({ done: true, value: undefined });
    this.#reader = undefined;
  };

  readonly #onClose = (cause?: Error): void => {
    const text = "the client closed the connection within the body";
    void this.#fail(new ClientGoneError(text, { cause: this.#request.errored ?? cause }));
  };

  /** Ends it for good: the reader learns why as soon as it has taken what came before. */
  #fail(error: Error): Promise<never> {
    this.#failure ??= error;
    if (this.#state === "open" && !this.#request.destroyed) this.#request.pause();
    this.#release("ended");
    this.#reader?.reject(this.#failure);
    this.#reader = undefined;
    const failed = Promise.reject(this.#failure);
    failed.catch(() => undefined);
    return failed;
  }

  /** Accounts for a chunk; fails, and says so, when the client trickles. */
  #take(chunk: Buffer, waited: number): Promise<never> | undefined {
    this.#waited += waited;
    this.#received += chunk.length;
    if (this.#waited <= this.#limits.window) return undefined;
    if (this.#received < this.#limits.windowBytes) return this.#fail(tooSlow());
    this.#waited = 0;
    this.#received = 0;
    return undefined;
  }

  /** One timer, which looks again where the reader waits for something later by then: chunks do not touch it. */
  #watch(now: number): void {
    const end = Math.min(this.#since + this.#limits.idle, this.#until);
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        if (this.#reader === undefined) return;
        const then = performance.now();
        if (then >= Math.min(this.#since + this.#limits.idle, this.#until)) void this.#fail(tooSlow());
        else this.#watch(then);
      },
      Math.ceil(end - now),
    );
    this.#timer.unref();
  }
}

/**
 * A small body as a whole, counted against the memory of all of them as it comes.
 * @throws RegistryError SIZE_INVALID (413) beyond `max` bytes, (408) when it takes a minute; UNAVAILABLE (503)
 */
export async function readBody(
  request: IncomingMessage,
  max: number,
  limits: BodyLimits = BODY_LIMITS,
): Promise<Buffer> {
  const announced = Number(request.headers["content-length"] ?? 0);
  if (announced > max) throw tooLarge(max);
  const lease = leaseOf(request);
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of bodyChunks(request, limits, performance.now() + limits.whole)) {
    size += chunk.length;
    if (size > max) throw tooLarge(max);
    lease?.take(chunk.length);
    chunks.push(chunk);
  }
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
}

/** Whether a request carries a body of at least one byte, as far as its headers tell. */
export function hasBody(request: IncomingMessage): boolean {
  const length = request.headers["content-length"];
  return length === undefined ? request.headers["transfer-encoding"] !== undefined : Number(length) > 0;
}

/** Whether a body may turn out to have more than `bytes`, as far as its headers tell. */
export function mayExceed(request: IncomingMessage, bytes: number): boolean {
  const length = request.headers["content-length"];
  return length === undefined ? hasBody(request) : Number(length) > bytes;
}

function tooLarge(max: number): Refusal {
  return new Refusal("SIZE_INVALID", `the body has more than ${max} bytes`, { status: 413 });
}

function tooSlow(): Refusal {
  return new Refusal("SIZE_INVALID", "the body came too slowly", {
    status: 408,
    headers: { Connection: "close" },
  });
}
