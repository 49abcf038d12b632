import { LRUCache } from "lru-cache";

/** What a bucket holds when it is full, and how soon a token comes back. */
export interface BucketSize {
  readonly burst: number;
  /** Milliseconds for one token. */
  readonly every: number;
}

interface Level {
  readonly tokens: number;
  readonly at: number;
}

/**
 * Token buckets by name, in bounded memory: a bucket that is full takes none, and of too many the one that was used
 * longest ago counts as full again. More may be taken than is there: what is owed comes back first.
 */
export class TokenBuckets {
  readonly #size: BucketSize;
  readonly #levels: LRUCache<string, Level>;

  constructor(size: BucketSize, max: number) {
    this.#size = size;
    this.#levels = new LRUCache({ max });
  }

  /** Whether anything was taken from it lately. */
  isTouched(name: string, now: number): boolean {
    return this.level(name, now) < this.#size.burst;
  }

  /** Tokens that are there now; less than nothing while some are owed. */
  level(name: string, now: number): number {
    const known = this.#levels.get(name);
    if (known === undefined) return this.#size.burst;
    const returned = Math.max(0, now - known.at) / this.#size.every;
    return Math.min(this.#size.burst, known.tokens + returned);
  }

  /** Milliseconds until there is a token; 0 when there is one. */
  wait(name: string, now: number): number {
    return Math.max(0, 1 - this.level(name, now)) * this.#size.every;
  }

  take(name: string, now: number): void {
    const tokens = Math.max(-this.#size.burst, this.level(name, now) - 1);
    this.#levels.set(name, { tokens, at: now });
  }

  fill(name: string): void {
    this.#levels.delete(name);
  }
}
