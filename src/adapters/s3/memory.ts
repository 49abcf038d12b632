import { unavailable } from "../../registry/errors.ts";

/** The unit of upload memory: the smallest part. */
export const SLAB = 8 * 1024 * 1024;
/** What an upload may hold without asking. */
export const SMALL = 64 * 1024;

const WAIT_MAX = 30_000;
/** Slabs kept for the next upload when nobody needs them. */
const SPARE_MAX = 4;

interface Waiter {
  readonly count: number;
  readonly grant: (slabs: Buffer[]) => void;
}

/**
 * The memory of all uploads of a process, given out in slabs: first come, first served. Whoever waits must hold no
 * slab, so that there is always somebody who can go on. (Small buffers are counted, never refused: a small blob does
 * not wait behind big ones.)
 */
export class UploadMemory {
  /** All slabs there are. */
  readonly capacity: number;
  readonly #waitMax: number;
  readonly #waiting = new Set<Waiter>();
  readonly #spare: Buffer[] = [];
  #free: number;
  #small = 0;

  constructor(budgetBytes: number, waitMax = WAIT_MAX) {
    this.capacity = Math.max(1, Math.floor(budgetBytes / SLAB));
    this.#free = this.capacity;
    this.#waitMax = waitMax;
  }

  get usedBytes(): number {
    return (this.capacity - this.#free) * SLAB + this.#small;
  }

  takeSmall(): Buffer {
    this.#small += SMALL;
    return Buffer.allocUnsafeSlow(SMALL);
  }

  /** Slabs that nobody else waits for; undefined when there are not enough. */
  takeAtOnce(count: number): Buffer[] | undefined {
    return this.#waiting.size > 0 || count > this.#free ? undefined : this.#hand(count);
  }

  /** @throws RegistryError UNAVAILABLE after waiting for too long; the signal's reason when it is aborted */
  take(count: number, signal?: AbortSignal): Promise<Buffer[]> {
    signal?.throwIfAborted();
    const slabs = this.takeAtOnce(count);
    if (slabs !== undefined) return Promise.resolve(slabs);
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", aborted);
        this.#waiting.delete(waiter);
      };
      const giveUp = (reason: unknown): void => {
        leave();
        reject(reason);
        // Those behind may want less.
        this.#serve();
      };
      const aborted = (): void => giveUp(signal?.reason);
      const timer = setTimeout(() => {
        giveUp(unavailable("upload memory", new Error(`no upload memory within ${this.#waitMax} ms`)));
      }, this.#waitMax);
      const waiter: Waiter = {
        count,
        grant(granted) {
          leave();
          resolve(granted);
        },
      };
      this.#waiting.add(waiter);
      signal?.addEventListener("abort", aborted, { once: true });
    });
  }

  /** Gives back what `take`, `takeAtOnce` or `takeSmall` gave. */
  give(buffers: readonly Buffer[]): void {
    for (const buffer of buffers) {
      if (buffer.length < SLAB) {
        this.#small -= SMALL;
        continue;
      }
      this.#free++;
      if (this.#spare.length < SPARE_MAX) this.#spare.push(buffer);
    }
    this.#serve();
  }

  /** Strictly in order: the one who wants much is not overtaken for ever by those who want little. */
  #serve(): void {
    for (const waiter of this.#waiting) {
      if (waiter.count > this.#free) return;
      waiter.grant(this.#hand(waiter.count));
    }
  }

  #hand(count: number): Buffer[] {
    this.#free -= count;
    return Array.from({ length: count }, () => this.#spare.pop() ?? Buffer.allocUnsafeSlow(SLAB));
  }
}
