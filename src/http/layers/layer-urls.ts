import { createHmac, timingSafeEqual } from "node:crypto";
import { Parameters, QUERY_LIMITS, queryText } from "../../kernel/parameters.ts";
import type { RegistryAddress } from "../../registry/scope.ts";
import { Refusal } from "../refusal.ts";

/** What stands before the digest in a path. */
export const LAYERS_PATH = "/layers/";

/** A layer of one repository, as its URL says. */
export interface LayerAddress extends RegistryAddress {
  readonly repository: string;
  readonly digest: string;
}

/** Changes with what is signed, and how. */
const VERSION = 1;

/**
 * URLs by which anybody who has one may download one layer of one repository, for a while. Every node makes the same key of
 * the master key, so any of them knows what another one has signed; they are kept nowhere, and cannot be taken back.
 */
export class LayerUrls {
  readonly #key: Buffer;

  /** `key` is the same on every node. */
  constructor(key: Buffer) {
    this.#key = key;
  }

  /** Path and query; the signature stands in the query, which no log keeps. */
  sign(layer: LayerAddress, expiresAt: Date): string {
    const expires = Math.floor(expiresAt.getTime() / 1_000);
    const { account, region, repository, digest } = layer;
    const query = new URLSearchParams({
      ...{ account, region, repository, expires: String(expires) },
      signature: this.#signature(layer, expires).toString("base64url"),
    });
    return `${LAYERS_PATH}${digest}?${query}`;
  }

  /** The layer that a URL is good for. @throws Refusal DENIED (403) for one that was not signed so, or is over */
  open(url: string, now: Date): LayerAddress {
    const query = Parameters.parse(queryText(url), QUERY_LIMITS);
    const [path = ""] = url.split("?", 1);
    const layer = {
      ...{ account: query.get("account") ?? "", region: query.get("region") ?? "" },
      ...{ repository: query.get("repository") ?? "", digest: path.slice(LAYERS_PATH.length) },
    };
    const expires = Number(query.get("expires") ?? Number.NaN);
    const sent = Buffer.from(query.get("signature") ?? "", "base64url");
    const expected = this.#signature(layer, expires);
    if (sent.length !== expected.length || !timingSafeEqual(sent, expected)) {
      throw denied(
        "the signature of this URL does not match: it must be used as GetDownloadUrlForLayer gave it",
      );
    }
    if (now.getTime() >= expires * 1_000) {
      throw denied("this URL has expired; ask GetDownloadUrlForLayer for another one");
    }
    return layer;
  }

  #signature({ account, region, repository, digest }: LayerAddress, expires: number): Buffer {
    const signed = JSON.stringify([VERSION, account, region, repository, digest, expires]);
    return createHmac("sha256", this.#key).update(signed).digest();
  }
}

function denied(message: string): Refusal {
  return new Refusal("DENIED", message, { status: 403 });
}
