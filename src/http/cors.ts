import type { IncomingMessage } from "node:http";
import type { Outcome } from "./outcome.ts";

/** Headers that clients of the doors send beside those that browsers send anyway. */
const REQUEST_HEADERS = [
  ...["Authorization", "Accept", "Content-Type", "Content-Range", "Range"],
  ...["If-Match", "If-None-Match", "If-Range"],
  ...["X-Amz-Target", "X-Amz-Date", "X-Amz-Security-Token", "X-Amz-Content-Sha256", "X-Amz-User-Agent"],
  ...["Amz-Sdk-Invocation-Id", "Amz-Sdk-Request"],
].join(", ");

/** Headers of answers that a page may read. */
const ANSWER_HEADERS = [
  ...["Docker-Content-Digest", "Docker-Distribution-Api-Version", "Docker-Upload-UUID"],
  ...["OCI-Subject", "OCI-Filters-Applied", "OCI-Tag"],
  ...["Link", "Location", "Range", "Content-Range", "Accept-Ranges", "Content-Length", "ETag"],
  ...["WWW-Authenticate", "Retry-After", "Allow", "X-Request-Id", "X-Amzn-RequestId", "X-Amzn-ErrorType"],
].join(", ");

/** Seconds for which a browser remembers what it may ask. */
const MAX_AGE = 600;

const READS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Which pages of other origins may use the doors (Fetch standard, section "CORS protocol"). Those of origins that are
 * named may do what their user may, with the credentials that the browser keeps; where `*` is named, any other page
 * may read with credentials that it brings itself.
 */
export class CorsPolicy {
  readonly #named: ReadonlySet<string>;
  readonly #anybodyReads: boolean;

  /** Origins as browsers write them, and `*`; none at all is CORS switched off. */
  constructor(origins: readonly string[]) {
    this.#anybodyReads = origins.includes("*");
    this.#named = new Set(origins.filter((origin) => origin !== "*"));
  }

  get isOff(): boolean {
    return this.#named.size === 0 && !this.#anybodyReads;
  }

  /** Whether a page of this origin may change something. */
  names(origin: string): boolean {
    return this.#named.has(origin);
  }

  /** What an answer to a request says, whether it is a page's or not: caches must tell the two apart. */
  headersFor({ headers: { origin } }: IncomingMessage): Outcome["headers"] {
    if (this.isOff) return {};
    const allowed = this.#allowed(origin);
    return {
      Vary: "Origin",
      ...allowed,
      ...(allowed && { "Access-Control-Expose-Headers": ANSWER_HEADERS }),
    };
  }

  /** What a page is told that asks what it may do where there are these methods; nothing where it did not ask. */
  preflight({ headers }: IncomingMessage, methods: readonly string[]): Outcome["headers"] {
    const { origin } = headers;
    if (headers["access-control-request-method"] === undefined || this.#allowed(origin) === undefined)
      return {};
    const granted = this.names(origin ?? "") ? methods : methods.filter((method) => READS.has(method));
    return {
      "Access-Control-Allow-Methods": granted.join(", "),
      "Access-Control-Allow-Headers": REQUEST_HEADERS,
      "Access-Control-Max-Age": MAX_AGE,
    };
  }

  #allowed(origin: string | undefined): Readonly<Record<string, string>> | undefined {
    if (origin === undefined) return undefined;
    if (this.names(origin)) {
      return { "Access-Control-Allow-Origin": origin, "Access-Control-Allow-Credentials": "true" };
    }
    return this.#anybodyReads ? { "Access-Control-Allow-Origin": "*" } : undefined;
  }
}
