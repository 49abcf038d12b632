import type { Digest, DigestAlgorithm } from "../../registry/digest.ts";
import type { RunningHash } from "../../registry/ports/hashing.ts";
import type { HashThread } from "./hash-thread.ts";
import { LocalHash } from "./local-hash.ts";

/** Content up to this size costs less to hash than to hand over. */
export const SMALL = 32 * 1024;
/** First bytes of content, of all hashes, that are kept until it is known to be small or large. */
export const PREFIXES_MAX = 8 * 1024 * 1024;

/** First bytes that all growing hashes of a process keep. */
export class Prefixes {
  #bytes = 0;
  /** False when there is no memory left for it. */
  keep(prefix: Prefix, chunk: Buffer): boolean {
    if (prefix.buffer === undefined) {
      if (this.#bytes + SMALL > PREFIXES_MAX) return false;
      this.#bytes += SMALL;
      prefix.buffer = Buffer.allocUnsafeSlow(SMALL);
    }
    prefix.size += chunk.copy(prefix.buffer, prefix.size);
    return true;
  }

  drop(prefix: Prefix): void {
    if (prefix.buffer !== undefined) this.#bytes -= SMALL;
    prefix.buffer = undefined;
    prefix.size = 0;
  }
}

/** One buffer, however small the pieces that came: each of them as a buffer would cost a hundred times its bytes. */
interface Prefix {
  buffer: Buffer | undefined;
  size: number;
}

/**
 * Hashes on the event loop until its content turns out to be large, and in the thread then: which gets the first bytes
 * once more, since the state of a hash cannot move. What is asked for a digest while it is small stays where it is.
 */
export class GrowingHash implements RunningHash {
  readonly #algorithm: DigestAlgorithm;
  readonly #thread: () => HashThread | undefined;
  readonly #prefixes: Prefixes;
  #prefix: Prefix | undefined;
  #hash: RunningHash;

  constructor(algorithm: DigestAlgorithm, thread: () => HashThread | undefined, prefixes: Prefixes) {
    this.#algorithm = algorithm;
    this.#thread = thread;
    this.#prefixes = prefixes;
    this.#prefix = { buffer: undefined, size: 0 };
    this.#hash = new LocalHash(algorithm);
  }

  get isLost(): boolean {
    return this.#hash.isLost;
  }

  update(chunk: Buffer): Promise<void> | undefined {
    const prefix = this.#prefix;
    if (prefix !== undefined) {
      if (prefix.size + chunk.length > SMALL) this.#moveToThread(prefix);
      else if (!this.#prefixes.keep(prefix, chunk)) this.#stay();
    }
    return this.#hash.update(chunk);
  }

  digest(): Promise<Digest> {
    this.#stay();
    return this.#hash.digest();
  }

  close(): void {
    this.#stay();
    this.#hash.close();
  }

  fork(): RunningHash {
    this.#stay();
    return this.#hash.fork();
  }

  #moveToThread({ buffer, size }: Prefix): void {
    const moved = this.#thread()?.start(this.#algorithm);
    if (moved !== undefined) {
      if (buffer !== undefined) void moved.update(buffer.subarray(0, size));
      this.#hash = moved;
    }
    this.#stay();
  }

  /** Whatever comes, it is hashed where it is hashed now. */
  #stay(): void {
    if (this.#prefix !== undefined) this.#prefixes.drop(this.#prefix);
    this.#prefix = undefined;
  }
}
