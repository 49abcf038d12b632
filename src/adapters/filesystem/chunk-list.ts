/** Chunks below this are copied together. */
const SMALL = 4096;
const PAGE = 16 * 1024;

/**
 * Bytes in the order they came, as a list fit for a gathering write. Big chunks are kept as they are; small ones are
 * copied together, so that a body of single bytes needs no more memory than any other.
 */
export class ChunkList {
  #chunks: Buffer[] = [];
  #size = 0;
  /** Copied bytes that are not in `#chunks` yet. */
  #page: Buffer | undefined;
  #used = 0;

  get size(): number {
    return this.#size;
  }

  push(chunk: Buffer): void {
    this.#size += chunk.length;
    if (chunk.length >= SMALL) {
      this.#closeRun();
      this.#chunks.push(chunk);
    } else {
      this.#copy(chunk);
    }
  }

  /** Hands over everything and leaves the list empty. */
  take(): Buffer[] {
    this.#closeRun();
    const chunks = this.#chunks;
    this.#chunks = [];
    this.#size = 0;
    this.#page = undefined;
    return chunks;
  }

  #copy(chunk: Buffer): void {
    if (this.#page === undefined || this.#page.length - this.#used < chunk.length) {
      this.#closeRun();
      this.#page = Buffer.allocUnsafeSlow(PAGE);
    }
    this.#used += chunk.copy(this.#page, this.#used);
  }

  /** Ends the run of small chunks; the rest of its page serves the next run. */
  #closeRun(): void {
    if (this.#page === undefined || this.#used === 0) return;
    this.#chunks.push(this.#page.subarray(0, this.#used));
    this.#page = this.#page.subarray(this.#used);
    this.#used = 0;
  }
}
