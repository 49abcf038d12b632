import { exportJWK, generateKeyPair, importJWK, type JWK } from "jose";
import type { Clock } from "../../registry/clock.ts";
import type { MasterKey, SealedSecret } from "../master-key.ts";

/** The one algorithm of Berth's own tokens (RFC 7518 section 3.4). */
export const TOKEN_ALGORITHM = "ES256";

/** A key pair as it is kept: the public half readable, the private one encrypted under the master key. */
export interface StoredSigningKey {
  readonly kid: string;
  readonly publicJwk: JWK;
  readonly privateJwk: SealedSecret;
  readonly createdAt: Date;
  /** From then on it signs no more. What it signed before stays valid. */
  readonly retiredAt: Date | undefined;
}

export interface SigningKeyStore {
  /** All keys, newest first. */
  list(): Promise<readonly StoredSigningKey[]>;
  /**
   * Adds a key and retires every other one, if `replaces` is the id of the one that signs (null: none does; undefined:
   * whichever does). False when another one signs by now: of nodes that replace a key at once the first one does.
   */
  add(key: StoredSigningKey, replaces?: string | null): Promise<boolean>;
  /** Removes keys that were retired before `before`. */
  removeRetired(before: Date): Promise<void>;
}

/** A key that may sign. */
export interface SigningKey {
  readonly kid: string;
  readonly privateKey: CryptoKey;
}

/** Milliseconds for which the set of keys is believed; a token of a key that is not in it makes the set be read anew. */
const BELIEVED = 30_000;
/** Milliseconds between two such readings: unknown keys are free to invent. */
const REREAD_PAUSE = 1_000;
/** Milliseconds after which a key is replaced. */
const ROTATE_AFTER = 30 * 24 * 3_600_000;
/** Milliseconds for which a retired key still proves: longer than any token lives. */
const PROVES_AFTER_RETIREMENT = 8 * 24 * 3_600_000;

interface KeySet {
  readonly readAt: number;
  readonly keys: readonly StoredSigningKey[];
  readonly publicKeys: ReadonlyMap<string, CryptoKey>;
}

/** The keys that sign and prove tokens, the same on every node. Rotation invalidates nothing that is alive. */
export class SigningKeys {
  readonly #store: SigningKeyStore;
  readonly #masterKey: MasterKey;
  readonly #clock: Clock;
  #set: Promise<KeySet> | undefined;
  #readAt = 0;
  #signing: SigningKey | undefined;

  constructor(store: SigningKeyStore, masterKey: MasterKey, clock: Clock) {
    this.#store = store;
    this.#masterKey = masterKey;
    this.#clock = clock;
  }

  /** The newest key; made when there is none, or when it has served its time. */
  async signing(): Promise<SigningKey> {
    const newest = await this.#newest();
    const age = newest === undefined ? Number.POSITIVE_INFINITY : this.#now() - newest.createdAt.getTime();
    if (newest === undefined || age > ROTATE_AFTER) {
      return (await this.#replace(newest?.kid ?? null)) ?? this.signing();
    }
    if (this.#signing?.kid !== newest.kid) {
      const jwk = JSON.parse(this.#masterKey.open(newest.privateJwk, newest.kid));
      this.#signing = { kid: newest.kid, privateKey: await importKey(jwk) };
    }
    return this.#signing;
  }

  /** The public half of a key, or undefined when there is no such key (any more). */
  async proving(kid: string): Promise<CryptoKey | undefined> {
    const known = (await this.#current()).publicKeys.get(kid);
    if (known !== undefined || this.#now() - this.#readAt < REREAD_PAUSE) return known;
    this.#set = undefined;
    return (await this.#current()).publicKeys.get(kid);
  }

  /** Makes a new key, which signs from now on. */
  async rotate(): Promise<SigningKey> {
    return (await this.#replace((await this.#newest())?.kid ?? null)) ?? this.rotate();
  }

  /** The key that signs. */
  async #newest(): Promise<StoredSigningKey | undefined> {
    return (await this.#current()).keys.find(({ retiredAt }) => retiredAt === undefined);
  }

  /** Undefined when somebody else has replaced it first. */
  async #replace(kid: string | null): Promise<SigningKey | undefined> {
    const made = await this.#make(kid);
    this.#set = undefined;
    if (made !== undefined) this.#signing = made;
    return made;
  }

  async #make(replaces: string | null): Promise<SigningKey | undefined> {
    const { publicKey, privateKey } = await generateKeyPair(TOKEN_ALGORITHM, { extractable: true });
    const kid = crypto.randomUUID();
    const sealed = this.#masterKey.seal(JSON.stringify(await exportJWK(privateKey)), kid);
    const publicJwk = { ...(await exportJWK(publicKey)), kid, alg: TOKEN_ALGORITHM, use: "sig" };
    const createdAt = this.#clock.now();
    const key = { kid, publicJwk, privateJwk: sealed, createdAt, retiredAt: undefined };
    if ((await this.#store.add(key, replaces)) === false) return undefined;
    await this.#store.removeRetired(new Date(createdAt.getTime() - PROVES_AFTER_RETIREMENT));
    return { kid, privateKey };
  }

  /** Public keys in the form of `/.well-known/jwks.json` (RFC 7517 section 5). */
  async jwks(): Promise<{ readonly keys: readonly JWK[] }> {
    return { keys: (await this.#current()).keys.map(({ publicJwk }) => publicJwk) };
  }

  #current(): Promise<KeySet> {
    if (this.#set === undefined || this.#now() - this.#readAt > BELIEVED) {
      this.#readAt = this.#now();
      const reading = this.#read();
      this.#set = reading;
      reading.catch(() => {
        if (this.#set === reading) this.#set = undefined;
      });
    }
    return this.#set;
  }

  async #read(): Promise<KeySet> {
    const keys = await this.#store.list();
    const publicKeys = await Promise.all(
      keys.map(async ({ kid, publicJwk }) => [kid, await importKey(publicJwk)] as const),
    );
    return { readAt: this.#now(), keys, publicKeys: new Map(publicKeys) };
  }

  #now(): number {
    return this.#clock.now().getTime();
  }
}

async function importKey(jwk: JWK): Promise<CryptoKey> {
  const key = await importJWK(jwk, TOKEN_ALGORITHM);
  if (key instanceof Uint8Array) throw new Error("a signing key is asymmetric");
  return key;
}
