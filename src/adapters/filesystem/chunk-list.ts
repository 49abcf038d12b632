/** Chunks below this are copied together. */
const SMALL = 4096;
const PAGE = 16 * 1024;
/** From so many bytes on, a body is copied to pages that are used again. */
const LARGE_BODY = 256 * 1024;
/** Chunks above this are kept as they are: Node reads no more from a socket at once. */
const CHUNK_MAX = 64 * 1024;
/** Pages kept for the next batch. */
const SPARE_MAX = 8;

/** Bytes of one list after which they are written. */
export const BATCH = 1024 * 1024;
const LARGE_PAGE = BATCH + CHUNK_MAX;

const spare: Buffer[] = [];

/** What a list handed over. */
export interface Batch {
  readonly chunks: Buffer[];
  readonly size: number;
  /** Bytes of memory that it occupies. */
  readonly memory: number;
  /** Where its pages are used again; call it when its bytes are of no use any more. */
  readonly release: () => void;
}

/**
 * Bytes in the order they came, as a list fit for a gathering write. Big chunks are kept as they are; small ones are
 * copied together, so that a body of single bytes needs no more memory than any other. The chunks of a large body are
 * all copied, and their memory is given back at once: left to the garbage collector they cost more than their hash.
 */
export class ChunkList {
  #chunks: Buffer[] = [];
  #size = 0;
  #memory = 0;
  #seen = 0;
  /** Copied bytes that are not in `#chunks` yet. */
  #page: Buffer | undefined;
  #used = 0;
  #largePages: Buffer[] = [];

  get size(): number {
    return this.#size;
  }

  /** Bytes of memory that it occupies: a large page counts as a whole. */
  get memory(): number {
    return this.#memory;
  }

  /** Takes a chunk, which nobody else may use from now on. `roomy`: there is memory for more than its bytes. */
  push(chunk: Buffer, roomy: boolean): void {
    this.#size += chunk.length;
    this.#seen += chunk.length;
    const large = this.#seen > LARGE_BODY && roomy && chunk.length <= CHUNK_MAX;
    if (chunk.length < SMALL || large) {
      this.#copy(chunk, large);
      return;
    }
    this.#closeRun();
    this.#chunks.push(chunk);
    this.#memory += chunk.length;
  }

  /** Hands over everything and leaves the list empty. */
  take(): Batch {
    this.#closeRun();
    const pages = this.#largePages;
    const batch = {
      ...{ chunks: this.#chunks, size: this.#size, memory: this.#memory },
      release: () => giveBack(pages),
    };
    this.#chunks = [];
    this.#largePages = [];
    this.#size = 0;
    this.#memory = 0;
    this.#page = undefined;
    return batch;
  }

  #copy(chunk: Buffer, large: boolean): void {
    if (this.#page === undefined || this.#page.length - this.#used < chunk.length) {
      this.#closeRun();
      this.#page = large ? this.#largePage() : Buffer.allocUnsafeSlow(PAGE);
    }
    if (this.#largePages.length === 0) this.#memory += chunk.length;
    this.#used += chunk.copy(this.#page, this.#used);
    if (large) free(chunk);
  }

  #largePage(): Buffer {
    const page = spare.pop() ?? Buffer.allocUnsafeSlow(LARGE_PAGE);
    this.#largePages.push(page);
    this.#memory += page.length;
    return page;
  }

  /** Ends the run of copied chunks; the rest of its page serves the next run. */
  #closeRun(): void {
    if (this.#page === undefined || this.#used === 0) return;
    this.#chunks.push(this.#page.subarray(0, this.#used));
    this.#page = this.#page.subarray(this.#used);
    this.#used = 0;
  }
}

function giveBack(pages: readonly Buffer[]): void {
  for (const page of pages) {
    if (spare.length < SPARE_MAX) spare.push(page);
    else free(page);
  }
}

/** Gives the memory of a chunk that nobody uses any more back, where it is the chunk's alone. */
function free(chunk: Buffer): void {
  const { buffer } = chunk;
  if (chunk.length >= SMALL && buffer instanceof ArrayBuffer && buffer.byteLength === chunk.length) {
    buffer.transfer(0);
  }
}
