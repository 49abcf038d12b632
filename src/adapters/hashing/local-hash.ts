import type { Hash } from "node:crypto";
import { type Digest, type DigestAlgorithm, finishHash, newHash } from "../../registry/digest.ts";
import type { RunningHash } from "../../registry/ports/hashing.ts";

/** Hashes on the event loop. */
export class LocalHash implements RunningHash {
  readonly isLost = false;
  readonly #algorithm: DigestAlgorithm;
  readonly #hash: Hash;

  constructor(algorithm: DigestAlgorithm, hash = newHash(algorithm)) {
    this.#algorithm = algorithm;
    this.#hash = hash;
  }

  update(chunk: Buffer): undefined {
    this.#hash.update(chunk);
  }

  async digest(): Promise<Digest> {
    return finishHash(this.#algorithm, this.#hash.copy());
  }

  close(): void {}

  fork(): LocalHash {
    return new LocalHash(this.#algorithm, this.#hash.copy());
  }
}
