import { createLocalJWKSet, type JSONWebKeySet, type JWTVerifyGetKey } from "jose";
import { LRUCache } from "lru-cache";
import { isLoopback } from "../principals/oidc-providers.ts";

/**
 * Reads a JSON object from a provider, within limits. `thumbprints` are SHA-1 hashes, in hexadecimal, of certificates that
 * its TLS may rest on where it rests on none that is trusted.
 * @throws Error saying what was wrong, without the content
 */
export type FetchJson = (
  url: string,
  thumbprints: readonly string[],
) => Promise<Readonly<Record<string, unknown>>>;

/** An issuer as an account has registered it. */
export interface RegisteredIssuer {
  readonly url: string;
  readonly thumbprints: readonly string[];
}

const ISSUERS_MAX = 1_000;
const KEYS_MAX = 100;
/** Milliseconds that keys are believed. */
const FRESH = 10 * 60_000;
/** Milliseconds in which an unknown key, or a provider that failed, is not asked for again: tokens are cheap to make up. */
const PAUSE = 30_000;

interface Known {
  readonly keys: Promise<JWTVerifyGetKey>;
  readonly at: number;
}

/** Signing keys of identity providers, by OpenID Connect Discovery 1.0. */
export class IssuerKeys {
  readonly #known = new LRUCache<string, Known>({ max: ISSUERS_MAX });
  readonly #fetch: FetchJson;
  readonly #now: () => number;

  /** `now` counts milliseconds, from any moment on. */
  constructor(fetch: FetchJson, now: () => number = () => performance.now()) {
    this.#fetch = fetch;
    this.#now = now;
  }

  /**
   * `renewed` asks again for keys that lack the one that a token names, unless that was done a moment ago.
   * @throws Error when the provider does not answer as it must
   */
  get(issuer: RegisteredIssuer, renewed = false): Promise<JWTVerifyGetKey> {
    const known = this.#known.get(keyOf(issuer));
    const age = known === undefined ? Number.POSITIVE_INFINITY : this.#now() - known.at;
    if (known !== undefined && age < (renewed ? PAUSE : FRESH)) return known.keys;
    return this.#ask(issuer);
  }

  #ask(issuer: RegisteredIssuer): Promise<JWTVerifyGetKey> {
    const entry: Known = { keys: discover(issuer, this.#fetch), at: this.#now() };
    const key = keyOf(issuer);
    this.#known.set(key, entry);
    // A failure is remembered for the pause alone. Everyone who waits hears of it; this handler only keeps time.
    entry.keys.catch(() => {
      if (this.#known.peek(key) === entry) {
        this.#known.set(key, { keys: entry.keys, at: entry.at - FRESH + PAUSE });
      }
    });
    return entry.keys;
  }
}

/** What one account trusts by a thumbprint is nothing to another. */
function keyOf({ url, thumbprints }: RegisteredIssuer): string {
  return [url, ...thumbprints.toSorted()].join("\n");
}

async function discover(
  { url: issuer, thumbprints }: RegisteredIssuer,
  fetch: FetchJson,
): Promise<JWTVerifyGetKey> {
  const found = await fetch(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`, thumbprints);
  if (found["issuer"] !== issuer) throw new Error("its discovery document names another issuer");
  const location = found["jwks_uri"];
  if (typeof location !== "string" || !isTrustworthy(location, issuer)) {
    throw new Error("its discovery document names no https jwks_uri");
  }
  const { keys } = await fetch(location, thumbprints);
  if (!Array.isArray(keys) || keys.length > KEYS_MAX)
    throw new Error(`it has no list of at most ${KEYS_MAX} keys`);
  return createLocalJWKSet({ keys } as JSONWebKeySet);
}

/** https, or http on this machine for an issuer that is there as well. */
function isTrustworthy(location: string, issuer: string): boolean {
  const url = URL.parse(location);
  if (url?.protocol === "https:") return true;
  return url?.protocol === "http:" && isLoopback(url.hostname) && issuer.startsWith("http:");
}
