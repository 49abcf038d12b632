import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes } from "node:crypto";

/** A secret at rest: AES-256-GCM under the master key that `masterKeyId` names. */
export interface SealedSecret {
  readonly masterKeyId: string;
  /** 12 bytes nonce, 16 bytes tag, then the ciphertext. */
  readonly ciphertext: Buffer;
}

const NONCE = 12;
const TAG = 16;

/** The key that encrypts secrets in the database. It never leaves this object. */
export class MasterKey {
  /** Names the key without revealing it; kept beside every ciphertext, so that keys can be rotated. */
  readonly id: string;
  readonly #key: Buffer;

  /** @throws Error unless `key` has 32 bytes */
  constructor(key: Buffer) {
    if (key.length !== 32) throw new Error(`the master key has ${key.length} bytes; it needs 32, in base64`);
    this.#key = key;
    this.id = createHash("sha256").update("berth master key id").update(key).digest("hex").slice(0, 16);
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
    const nonce = randomBytes(NONCE);
    const cipher = createCipheriv("aes-256-gcm", this.#key, nonce).setAAD(Buffer.from(context));
    const body = Buffer.concat([cipher.update(secret, "utf8"), cipher.final()]);
    return { masterKeyId: this.id, ciphertext: Buffer.concat([nonce, cipher.getAuthTag(), body]) };
  }

  /** @throws Error when it was sealed under another key or for another context */
  open(sealed: SealedSecret, context: string): string {
    if (sealed.masterKeyId !== this.id) {
      throw new Error(
        `the secret of ${context} is encrypted under master key ${sealed.masterKeyId}, this is ${this.id}`,
      );
    }
    const { ciphertext } = sealed;
    const decipher = createDecipheriv("aes-256-gcm", this.#key, ciphertext.subarray(0, NONCE), {
      authTagLength: TAG,
    })
      .setAAD(Buffer.from(context))
      .setAuthTag(ciphertext.subarray(NONCE, NONCE + TAG));
    return Buffer.concat([decipher.update(ciphertext.subarray(NONCE + TAG)), decipher.final()]).toString(
      "utf8",
    );
  }
}
