import { createHash, hash, timingSafeEqual } from "node:crypto";
import { LRUCache } from "lru-cache";
import { type AccessKey, type AccessKeyStore, generateCredentials } from "./access-keys.ts";
import type { MasterKey } from "./master-key.ts";
import type { AccountPrincipal } from "./principal.ts";

/** Proves who makes a request. */
export interface Authenticator {
  /** The principal that an `Authorization` header proves; undefined when it is of no use (wrong, unknown, malformed). */
  authenticate(authorization: string): Promise<AccountPrincipal | undefined>;
}

/** Milliseconds that a verified header is believed: a deleted key ends within this time on every node. */
const BELIEVED = 30_000;
const HEADERS_MAX = 10_000;

/** `Basic` with an access key id as user and its secret as password. */
export class BasicAuthenticator implements Authenticator {
  readonly #keys: AccessKeyStore;
  readonly #masterKey: MasterKey;
  // Keyed by a hash, so that no credential lingers in memory as text.
  readonly #believed: LRUCache<string, AccountPrincipal>;
  /** Stands in for a key that is not there. */
  readonly #nobody: AccessKey;

  /** `now` counts milliseconds, from any moment on. */
  constructor(keys: AccessKeyStore, masterKey: MasterKey, now: () => number = () => performance.now()) {
    this.#keys = keys;
    this.#masterKey = masterKey;
    this.#believed = new LRUCache({ max: HEADERS_MAX, ttl: BELIEVED, ttlResolution: 0, perf: { now } });
    const { accessKeyId: id, secretAccessKey } = generateCredentials();
    this.#nobody = { id, account: "", principal: "", sealed: masterKey.seal(secretAccessKey, id) };
  }

  async authenticate(authorization: string): Promise<AccountPrincipal | undefined> {
    const fingerprint = hash("sha256", authorization, "base64");
    const known = this.#believed.get(fingerprint);
    if (known !== undefined) return known;
    const principal = await this.#verify(authorization);
    if (principal !== undefined) this.#believed.set(fingerprint, principal);
    return principal;
  }

  async #verify(authorization: string): Promise<AccountPrincipal | undefined> {
    const encoded = /^basic +([a-z0-9+/=_-]+)$/i.exec(authorization)?.[1];
    if (encoded === undefined) return undefined;
    const decoded = Buffer.from(encoded, "base64").toString("utf8");
    const colon = decoded.indexOf(":");
    const id = decoded.slice(0, colon);
    if (colon < 0 || !/^[A-Za-z0-9_]{16,128}$/.test(id)) return undefined;
    const found = await this.#keys.find(id);
    // An unknown id goes the same way as a known one, so that the time it takes tells nothing.
    const key = found ?? this.#nobody;
    const matches = sameSecret(this.#masterKey.open(key.sealed, key.id), decoded.slice(colon + 1));
    if (found === undefined || !matches) return undefined;
    return { kind: "user", account: key.account, arn: key.principal, accessKeyId: key.id };
  }
}

/** Compares in time that depends on neither value. */
function sameSecret(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
