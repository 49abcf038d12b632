import { LRUCache } from "lru-cache";
import { type BucketSize, TokenBuckets } from "../../kernel/token-buckets.ts";

/** One try to prove something. */
export interface Try {
  /** {@link addressBlock} of the client. */
  readonly from: string;
  /** The access key that it names; empty where it names none. */
  readonly accessKeyId: string;
  /** A hash of the credential; undefined where each try has another one, as signatures have. */
  readonly fingerprint: string | undefined;
}

const SECOND = 1_000;

/** Keys that one address gets wrong; and apart from them tokens that nobody signed. */
export const ADDRESS: BucketSize = { burst: 400, every: SECOND / 2 };
/** Wrong secrets of one key from one address. */
export const PAIR: BucketSize = { burst: 20, every: SECOND };
/** The same from an address from which the key was proven: one machine of many there may have an old secret. */
export const KNOWN_PAIR: BucketSize = { burst: 200, every: SECOND / 5 };
/** One credential that is wrong, again and again from one address: that tells nobody anything, and is answered from memory. */
export const REPEAT: BucketSize = { burst: 30, every: 2 * SECOND };
/** Wrong secrets of one key from anywhere. Beyond it an address has {@link FIRST_TRIES} alone. */
export const KEY: BucketSize = { burst: 100, every: SECOND };
export const FIRST_TRIES = 3;

/** Milliseconds for which an address is known from which something was proven. */
const KNOWN_FOR = 3_600_000;
const REMEMBERED_MAX = 50_000;

/**
 * How often somebody may be wrong. Only failures count, and nothing that somebody else does from another address makes
 * a key fail: its owner is let in from an address that is known, and has first tries from any other one. In memory, of
 * this process, bounded.
 */
export class LoginLimits {
  readonly #addresses = new TokenBuckets(ADDRESS, REMEMBERED_MAX);
  readonly #pairs = new TokenBuckets(PAIR, REMEMBERED_MAX);
  readonly #knownPairs = new TokenBuckets(KNOWN_PAIR, REMEMBERED_MAX);
  readonly #repeats = new TokenBuckets(REPEAT, REMEMBERED_MAX);
  readonly #keys = new TokenBuckets(KEY, REMEMBERED_MAX);
  /** When a key, or a credential, was proven from an address; and a key from anywhere. */
  readonly #known = new LRUCache<string, number>({ max: 3 * REMEMBERED_MAX });

  /** Milliseconds until a try is heard; 0 for now. */
  wait(attempt: Try, now: number): number {
    const { from, accessKeyId, fingerprint } = attempt;
    if (fingerprint !== undefined) {
      const credential = named(from, fingerprint);
      if (this.#isKnown(credential, now)) return 0;
      if (this.#repeats.isTouched(credential, now)) return this.#repeats.wait(credential, now);
    }
    const pair = named(from, accessKeyId);
    if (accessKeyId !== "" && this.#isKnown(pair, now)) return this.#knownPairs.wait(pair, now);
    if (accessKeyId === "") return this.#addresses.wait(pair, now);
    // A bad neighbour shuts out nobody whose key is known from elsewhere.
    const wait = this.#isKnown(accessKeyId, now) ? 0 : this.#addresses.wait(from, now);
    return Math.max(wait, this.#pairs.wait(pair, now), this.#waitOfKey(accessKeyId, pair, now));
  }

  failed({ from, accessKeyId, fingerprint }: Try, now: number): void {
    const pair = named(from, accessKeyId);
    if (fingerprint !== undefined) {
      const credential = named(from, fingerprint);
      const isRepeated = this.#repeats.isTouched(credential, now);
      this.#known.delete(credential);
      this.#repeats.take(credential, now);
      if (isRepeated) return;
    }
    if (accessKeyId === "") {
      this.#addresses.take(pair, now);
      return;
    }
    if (this.#isKnown(pair, now)) {
      this.#knownPairs.take(pair, now);
      return;
    }
    if (!this.#pairs.isTouched(pair, now)) this.#addresses.take(from, now);
    this.#pairs.take(pair, now);
    this.#keys.take(accessKeyId, now);
  }

  /** False when that is known already. */
  proven({ from, accessKeyId, fingerprint }: Try, now: number): boolean {
    const credential = fingerprint === undefined ? undefined : named(from, fingerprint);
    if (credential !== undefined && this.#isKnown(credential, now)) return false;
    if (accessKeyId !== "") {
      const pair = named(from, accessKeyId);
      this.#known.set(pair, now);
      this.#known.set(accessKeyId, now);
      this.#pairs.fill(pair);
      this.#knownPairs.fill(pair);
    }
    if (credential !== undefined) {
      this.#known.set(credential, now);
      this.#repeats.fill(credential);
    }
    return true;
  }

  #waitOfKey(accessKeyId: string, pair: string, now: number): number {
    const isFirst = this.#pairs.level(pair, now) > PAIR.burst - FIRST_TRIES;
    return isFirst ? 0 : this.#keys.wait(accessKeyId, now);
  }

  #isKnown(name: string, now: number): boolean {
    const at = this.#known.get(name);
    return at !== undefined && now - at < KNOWN_FOR;
  }
}

/** Addresses have no line break, so no two pairs have one name. */
function named(from: string, what: string): string {
  return `${from}\n${what}`;
}
