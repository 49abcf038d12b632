import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes } from "node:crypto";

/** A secret at rest: AES-256-GCM under the master key that `masterKeyId` names. */
export interface SealedSecret {
  readonly masterKeyId: string;
  /** 12 bytes nonce, 16 bytes tag, then the ciphertext. */
  readonly ciphertext: Buffer;
}

const NONCE = 12;
const TAG = 16;

/** Every master key in use, the one that seals first. */
export type MasterKeys = readonly [Buffer, ...Buffer[]];

/**
 * The key that encrypts secrets in the database. It never leaves this object. While keys are rotated there are others
 * beside it, which open what they have sealed.
 */
export class MasterKey {
  /** Names the key without revealing it; kept beside every ciphertext, so that keys can be rotated. */
  readonly id: string;
  readonly #key: Buffer;
  readonly #others: readonly Buffer[];
  readonly #renew: (() => MasterKeys) | undefined;
  #byId: ReadonlyMap<string, Buffer>;

  /**
   * `others` open, but seal nothing. `renew` tells the keys of now, where they may change while this one is in use: it is
   * asked before sealing, and for a secret that no known key opens.
   * @throws Error unless every key has 32 bytes
   */
  constructor(key: Buffer, others: readonly Buffer[] = [], renew?: () => MasterKeys) {
    this.#key = key;
    this.#others = others;
    this.#renew = renew;
    this.#byId = new Map([key, ...others].map((each) => [idOf(each), each]));
    this.id = idOf(key);
  }

  /** The same keys with another one that seals from now on. */
  sealingWith(key: Buffer): MasterKey {
    return new MasterKey(key, [this.#key, ...this.#others]);
  }

  /** Whether it opens what the key of that id has sealed. */
  knows(id: string): boolean {
    if (!this.#byId.has(id)) this.#read();
    return this.#byId.has(id);
  }

  static generate(): Buffer {
    return randomBytes(32);
  }

  /** A key for another purpose, the same on every node: HMAC-SHA256 of the purpose. */
  derive(purpose: string): Buffer {
    return createHmac("sha256", this.#key).update(purpose).digest();
  }

  /** `context` binds the ciphertext to its row: moved to another row it cannot be opened. */
  seal(secret: string, context: string): SealedSecret {
    const key = this.#read();
    const nonce = randomBytes(NONCE);
    const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(Buffer.from(context));
    const body = Buffer.concat([cipher.update(secret, "utf8"), cipher.final()]);
    return { masterKeyId: idOf(key), ciphertext: Buffer.concat([nonce, cipher.getAuthTag(), body]) };
  }

  /** @throws Error when it was sealed under another key or for another context */
  open(sealed: SealedSecret, context: string): string {
    const key = this.knows(sealed.masterKeyId) ? this.#byId.get(sealed.masterKeyId) : undefined;
    if (key === undefined) {
      throw new Error(
        `the secret of ${context} is encrypted under master key ${sealed.masterKeyId}, this is ${this.id}`,
      );
    }
    const { ciphertext } = sealed;
    const decipher = createDecipheriv("aes-256-gcm", key, ciphertext.subarray(0, NONCE), {
      authTagLength: TAG,
    })
      .setAAD(Buffer.from(context))
      .setAuthTag(ciphertext.subarray(NONCE, NONCE + TAG));
    return Buffer.concat([decipher.update(ciphertext.subarray(NONCE + TAG)), decipher.final()]).toString(
      "utf8",
    );
  }
  /** The key that seals now. */
  #read(): Buffer {
    if (this.#renew === undefined) return this.#key;
    const keys = this.#renew();
    this.#byId = new Map([...this.#byId, ...keys.map((each) => [idOf(each), each] as const)]);
    return keys[0];
  }
}

function idOf(key: Buffer): string {
  if (key.length !== 32) throw new Error(`the master key has ${key.length} bytes; it needs 32, in base64`);
  return createHash("sha256").update("berth master key id").update(key).digest("hex").slice(0, 16);
}
