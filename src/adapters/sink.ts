import type { Writable } from "node:stream";

type Reject = (error: Error) => void;

/**
 * Writes to a stream whose end may go away at any moment: every write settles, also when the stream dies without
 * calling back. The stream stays open; {@link release} when done.
 */
export class Sink {
  readonly #stream: Writable;
  /** Writes that have not settled. */
  readonly #pending = new Set<Reject>();
  readonly #listeners = new Set<Reject>();
  #failure: Error | undefined;

  constructor(stream: Writable) {
    this.#stream = stream;
    if (stream.destroyed) this.#failure = asClose(stream.errored ?? prematureClose());
    stream.on("error", this.#fail);
    stream.on("close", this.#closed);
  }

  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Resolves when the stream needs `chunk` no longer. */
  write(chunk: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) {
        reject(this.#failure);
        return;
      }
      this.#pending.add(reject);
      this.#stream.write(chunk, (error) => {
        this.#pending.delete(reject);
        if (error === null || error === undefined) resolve();
        else reject(this.#failure ?? asClose(error));
      });
    });
  }

  /** Calls `listener` once when the stream fails or closes before {@link release}. */
  onFailure(listener: Reject): void {
    if (this.#failure !== undefined) listener(this.#failure);
    else this.#listeners.add(listener);
  }

  release(): void {
    this.#stream.off("close", this.#closed);
    // The error event of a failed write may come after its callback: somebody must be listening then.
    if (this.#failure === undefined && this.#pending.size === 0) this.#stream.off("error", this.#fail);
    this.#pending.clear();
    this.#listeners.clear();
  }

  readonly #closed = (): void => this.#fail(prematureClose());

  readonly #fail = (error: Error): void => {
    this.#failure ??= asClose(error);
    const told = [...this.#pending, ...this.#listeners];
    this.#pending.clear();
    this.#listeners.clear();
    for (const reject of told) reject(this.#failure);
  };
}

/** Ways in which a write says that nobody is there to receive it. */
const GONE = new Set(["ERR_STREAM_DESTROYED", "ECANCELED", "ECONNRESET", "EPIPE", "ETIMEDOUT"]);

function asClose(error: Error & { code?: string }): Error {
  return GONE.has(error.code ?? "") ? prematureClose(error) : error;
}

function prematureClose(cause?: Error): Error {
  const error = new Error("the receiver closed before all bytes were written", { cause });
  return Object.assign(error, { code: "ERR_STREAM_PREMATURE_CLOSE" });
}
