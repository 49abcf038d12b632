import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { DIGEST_ALGORITHMS, type Digest, type DigestAlgorithm } from "../../registry/digest.ts";
import { unavailable } from "../../registry/errors.ts";
import type { RunningHash } from "../../registry/ports/hashing.ts";
import { newRingMemory, Order, Ring, SLOT_BYTES } from "./ring.ts";

/** Beside this file, of the same kind: TypeScript in a checkout, JavaScript in a package. */
const SCRIPT = new URL(`./thread${extname(import.meta.url)}`, import.meta.url);

interface Answer {
  readonly question: number;
  readonly digest: Digest;
}

/** An order that waits for room. */
interface Waiting {
  readonly give: () => boolean;
  readonly given: () => void;
}

/**
 * A thread that hashes what several streams of content bring. It is asked by shared memory and does not keep a process
 * alive.
 */
export class HashThread {
  readonly #ring: Ring;
  readonly #worker: Worker;
  readonly #waiting: Waiting[] = [];
  readonly #questions = new Map<number, PromiseWithResolvers<Digest>>();
  #numbers = 0;
  #failure: Error | undefined;
  #hasAnswered = false;

  /** @throws Error when the process may have no further thread */
  constructor() {
    const memory = newRingMemory();
    this.#ring = new Ring(memory);
    this.#worker = new Worker(SCRIPT, { workerData: memory, env: {}, execArgv: [] });
    this.#worker.on("message", ({ question, digest }: Answer) => {
      this.#hasAnswered = true;
      this.#questions.get(question)?.resolve(digest);
      this.#questions.delete(question);
    });
    this.#worker.on("error", (error) => this.#lose(error as Error));
    this.#worker.on("exit", () => this.#lose(new Error("the thread that hashes has ended")));
    // Last: to listen takes hold of it again.
    this.#worker.unref();
  }

  get isLost(): boolean {
    return this.#failure !== undefined;
  }

  /** Why it has ended without ever answering: another one would fare no better. */
  get neverRan(): Error | undefined {
    return this.#hasAnswered ? undefined : this.#failure;
  }

  start(algorithm: DigestAlgorithm): RunningHash {
    const state = this.#number();
    void this.order(Order.start, state, DIGEST_ALGORITHMS.indexOf(algorithm));
    return new ThreadHash(this, state);
  }

  /** Asks for the digest of a state. @throws RegistryError UNAVAILABLE when the thread has ended */
  digest(state: number): Promise<Digest> {
    if (this.#failure !== undefined) return Promise.reject(this.#unavailable(this.#failure));
    const question = this.#number();
    const answer = Promise.withResolvers<Digest>();
    this.#questions.set(question, answer);
    void this.order(Order.digest, state, question);
    return answer.promise;
  }

  fork(state: number): RunningHash {
    const forked = this.#number();
    void this.order(Order.fork, state, forked);
    return new ThreadHash(this, forked);
  }

  /** Orders are done as they come. A promise where the order waits for room; `bytes` may be used again after it. */
  order(order: Order, state: number, argument = 0, bytes?: Buffer): Promise<void> | undefined {
    if (this.#failure !== undefined) return undefined;
    const give = (): boolean => this.#ring.give(order, state, argument, bytes);
    if (this.#waiting.length === 0 && give()) return undefined;
    return new Promise((given) => {
      if (this.#waiting.push({ give, given }) === 1) void this.#giveWaiting();
    });
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  async #giveWaiting(): Promise<void> {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (this.#failure === undefined && !next.give()) {
        await this.#ring.room();
        continue;
      }
      this.#waiting.shift();
      next.given();
    }
  }

  #number(): number {
    this.#numbers = (this.#numbers + 1) | 0;
    return this.#numbers;
  }

  #lose(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of this.#questions.values()) reject(this.#unavailable(error));
    this.#questions.clear();
    this.#ring.wake();
  }

  #unavailable(error: Error): Error {
    return unavailable("the thread that hashes", error);
  }
}

class ThreadHash implements RunningHash {
  readonly #thread: HashThread;
  readonly #state: number;
  #isClosed = false;

  constructor(thread: HashThread, state: number) {
    this.#thread = thread;
    this.#state = state;
  }

  get isLost(): boolean {
    return this.#thread.isLost;
  }

  update(chunk: Buffer): Promise<void> | undefined {
    let given: Promise<void> | undefined;
    for (let at = 0; at < chunk.length; at += SLOT_BYTES) {
      const piece = chunk.subarray(at, at + SLOT_BYTES);
      given = this.#thread.order(Order.update, this.#state, piece.length, piece);
    }
    return given;
  }

  digest(): Promise<Digest> {
    return this.#thread.digest(this.#state);
  }

  fork(): RunningHash {
    return this.#thread.fork(this.#state);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    void this.#thread.order(Order.drop, this.#state);
  }
}
