import { createHash } from "node:crypto";
import { RegistryError } from "../errors.ts";
import type { Encryption } from "../ports/index.ts";
import type { RegistryAddress } from "../scope.ts";

/** Encryption as a caller names it. */
export interface WantedEncryption {
  readonly type?: Encryption["type"] | undefined;
  readonly kmsKey?: string | undefined;
}

/** Id or alias of a key of KMS, or the ARN of either. */
const KEY =
  /^(?:arn:aws(?:-[a-z]+)*:kms:[a-z0-9-]{1,64}:\d{12}:(?:key|alias)\/|alias\/)?[A-Za-z0-9/_-]{1,256}$/;

/**
 * Encryption as it is kept. No key is looked for: nothing is encrypted with it.
 * @throws RegistryError ENCRYPTION_KEY_UNWANTED for a key of the encryption that takes none, ENCRYPTION_KEY_INVALID
 */
export function checkEncryption({ type = "AES256", kmsKey }: WantedEncryption): Encryption {
  if (type === "AES256" && kmsKey !== undefined) {
    throw new RegistryError("ENCRYPTION_KEY_UNWANTED", "the encryption AES256 takes no key");
  }
  if (kmsKey !== undefined && !KEY.test(kmsKey)) {
    const shown = JSON.stringify(kmsKey.slice(0, 256));
    const said = `a KMS key is named by its id, its alias or the ARN of one of them, not ${shown}`;
    throw new RegistryError("ENCRYPTION_KEY_INVALID", said);
  }
  return { type, kmsKey };
}

/** The key that a repository is said to be encrypted with: where none was named, the default one of its registry. */
export function keyOf(registry: RegistryAddress, { type, kmsKey }: Encryption): string | undefined {
  return type === "AES256" ? undefined : (kmsKey ?? defaultKeyArn(registry));
}

/** What AWS calls the account's managed key. It never changes, and every node names the same. */
function defaultKeyArn({ account, region }: RegistryAddress): string {
  const hash = createHash("sha256").update(`default key ${account} ${region}`).digest("hex");
  const id = [hash.slice(0, 8), hash.slice(8, 12), `8${hash.slice(13, 16)}`, `8${hash.slice(17, 20)}`];
  return `arn:aws:kms:${region}:${account}:key/${[...id, hash.slice(20, 32)].join("-")}`;
}
