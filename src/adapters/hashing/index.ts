import { availableParallelism } from "node:os";
import type { Hashing } from "../../registry/ports/hashing.ts";
import { GrowingHash, Prefixes } from "./growing-hash.ts";
import { HashThread } from "./hash-thread.ts";
import { LocalHash } from "./local-hash.ts";

/**
 * Hashes small content where it is and large content in a thread of its own, so that the event loop receives and sends
 * meanwhile. On a machine with one core, and where no thread runs (of which `onFailure` hears once), everything is
 * hashed where it is.
 */
export function openHashing(onFailure: (error: Error) => void, cores = availableParallelism()): Hashing {
  const prefixes = new Prefixes();
  const threads = new Threads(onFailure);
  return {
    start: (algorithm) =>
      cores > 1 && threads.mayRun
        ? new GrowingHash(algorithm, () => threads.running(), prefixes)
        : new LocalHash(algorithm),
    close: () => threads.close(),
  };
}

/** The one thread, made when it is needed and again when it was lost. */
class Threads {
  mayRun = true;
  readonly #onFailure: (error: Error) => void;
  #thread: HashThread | undefined;

  constructor(onFailure: (error: Error) => void) {
    this.#onFailure = onFailure;
  }

  /** Undefined where none runs. */
  running(): HashThread | undefined {
    if (this.#thread?.isLost === false) return this.#thread;
    if (!this.mayRun) return undefined;
    const failed = this.#thread?.neverRan;
    if (failed !== undefined) return this.#giveUp(failed);
    try {
      this.#thread = new HashThread();
      return this.#thread;
    } catch (error) {
      return this.#giveUp(error as Error);
    }
  }

  async close(): Promise<void> {
    const thread = this.#thread;
    this.#thread = undefined;
    await thread?.close();
  }

  #giveUp(error: Error): undefined {
    this.mayRun = false;
    this.#onFailure(error);
  }
}
