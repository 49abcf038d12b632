import type { Hash } from "node:crypto";
import { LRUCache } from "lru-cache";

/** Sessions whose hash this process keeps; each costs a few hundred bytes. */
const SESSIONS_MAX = 10_000;

interface RunningHash {
  readonly size: number;
  readonly hash: Hash;
}

/**
 * The unfinished hash of sessions whose last bytes came through this process, so that a next chunk need not read the
 * earlier ones back. A hint: losing one costs reading, never correctness.
 */
export class RunningHashes {
  readonly #sessions = new LRUCache<string, RunningHash>({ max: SESSIONS_MAX });
  /** Uploads that had to be read back from storage to be hashed; a metric. */
  readBack = 0;

  keep(id: string, state: RunningHash): void {
    this.#sessions.set(id, state);
  }

  /** A hash that has seen exactly the first `size` bytes; confirmed bytes never change, so the size alone tells. */
  resume(id: string, size: number): Hash | undefined {
    const kept = this.#sessions.get(id);
    return kept?.size === size ? kept.hash.copy() : undefined;
  }

  forget(id: string): void {
    this.#sessions.delete(id);
  }
}
