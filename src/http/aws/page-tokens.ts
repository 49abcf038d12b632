import { createHmac, timingSafeEqual } from "node:crypto";

/** What a token belongs to: it is of no use with another operation, account, region or filter. */
export interface PageBinding {
  readonly operation: string;
  readonly account: string;
  readonly region: string;
  /** Everything else that decides what is listed, in one order. */
  readonly filters: readonly (string | undefined)[];
}

const VERSION = 1;
const MAC_BYTES = 16;
/** Longer than any key that we seal. */
const TOKEN_MAX = 2_048;

/**
 * Opaque tokens for keyset paging: base64url of version, HMAC and the key after which the next page begins. Any node
 * reads them, nobody makes them up.
 */
export class PageTokens {
  readonly #key: Buffer;

  /** `key` is the same on every node. */
  constructor(key: Buffer) {
    this.#key = key;
  }

  seal(binding: PageBinding, after: readonly string[]): string {
    const content = Buffer.from(JSON.stringify(after));
    const token = Buffer.concat([Buffer.of(VERSION), this.#mac(binding, content), content]);
    return token.toString("base64url");
  }

  /** The key that was sealed; undefined for anything that {@link seal} did not make for the same binding. */
  open(binding: PageBinding, token: string): readonly string[] | undefined {
    if (token.length > TOKEN_MAX) return undefined;
    const bytes = Buffer.from(token, "base64url");
    if (bytes.toString("base64url") !== token || bytes[0] !== VERSION) return undefined;
    const mac = bytes.subarray(1, 1 + MAC_BYTES);
    const content = bytes.subarray(1 + MAC_BYTES);
    if (mac.length !== MAC_BYTES || !timingSafeEqual(mac, this.#mac(binding, content))) return undefined;
    return JSON.parse(content.toString("utf8")) as readonly string[];
  }

  #mac({ operation, account, region, filters }: PageBinding, content: Buffer): Buffer {
    const bound = JSON.stringify([
      VERSION,
      operation,
      account,
      region,
      filters.map((filter) => filter ?? null),
    ]);
    return createHmac("sha256", this.#key)
      .update(bound)
      .update("\0")
      .update(content)
      .digest()
      .subarray(0, MAC_BYTES);
  }
}
