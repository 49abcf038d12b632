import { hash } from "node:crypto";

/** Milliseconds for which a credential is kept as text, and for which its hash need not be made again. */
const KEPT_FOR = 60_000;
const KEPT_MAX = 1_000;
/** Characters of a credential that is kept. */
const LENGTH_MAX = 4_096;

/**
 * Hashes of credentials, so that whatever is remembered of one for long is remembered under its hash. Clients send the same
 * one with each request: the last that were good are kept as they came, for a minute, and forgotten together.
 */
export class Fingerprints {
  readonly #kept = new Map<string, string>();

  /** What was kept of it. */
  recall(credential: string): string | undefined {
    return this.#kept.get(credential);
  }

  of(credential: string): string {
    return this.#kept.get(credential) ?? hash("sha256", credential, "base64");
  }

  /** Only of a credential that proved somebody: nobody else's takes room. */
  keep(credential: string, fingerprint: string): void {
    if (credential.length > LENGTH_MAX || this.#kept.size >= KEPT_MAX) return;
    if (this.#kept.size === 0) setTimeout(() => this.#kept.clear(), KEPT_FOR).unref();
    this.#kept.set(credential, fingerprint);
  }
}
