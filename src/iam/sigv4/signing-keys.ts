import { createHash, createHmac } from "node:crypto";
import { LRUCache } from "lru-cache";
import type { CredentialScope } from "./scope.ts";

const KEYS_MAX = 10_000;

/** "Create a signed AWS API request", step 3: the key of one day, region and service. */
export function deriveSigningKey(secret: string, scope: Omit<CredentialScope, "accessKeyId">): Buffer {
  const day = hmac(`AWS4${secret}`, scope.date);
  return hmac(hmac(hmac(day, scope.region), scope.service), scope.terminator);
}

export function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text, "utf8").digest();
}

/** Derived keys, good for a day each: a request then costs one HMAC instead of five. */
export class DerivedKeys {
  // Under a hash, so that no secret lingers as text; a changed secret is another entry.
  readonly #keys = new LRUCache<string, Buffer>({ max: KEYS_MAX });

  get(secret: string, scope: CredentialScope): Buffer {
    const name = createHash("sha256")
      .update(`${secret}\n${scope.date}/${scope.region}/${scope.service}/${scope.terminator}`)
      .digest("base64");
    const known = this.#keys.get(name);
    if (known !== undefined) return known;
    const key = deriveSigningKey(secret, scope);
    this.#keys.set(name, key);
    return key;
  }
}
