import { createHash } from "node:crypto";
import { Parameters, QUERY_LIMITS } from "../../kernel/parameters.ts";

/** A request as SigV4 looks at it. */
export interface SignedRequest {
  readonly method: string;
  /** As it stood on the wire, without its query. */
  readonly path: string;
  /** As it stood on the wire, without the question mark. */
  readonly query: string;
  /** By lower-case name, in the order in which they came. */
  readonly headers: Readonly<Record<string, readonly string[] | undefined>>;
}

/** The canonical request of "Create a signed AWS API request", step 1. */
export function canonicalRequest(
  request: SignedRequest,
  signedHeaders: readonly string[],
  payloadHash: string,
): string {
  const { method, path, query, headers } = request;
  const lines = signedHeaders.map((name) => `${name}:${canonicalValue(headers[name] ?? [])}\n`);
  return [
    method,
    canonicalPath(path),
    canonicalQuery(query),
    lines.join(""),
    signedHeaders.join(";"),
    payloadHash,
  ].join("\n");
}

/** Step 2: what is signed. */
export function stringToSign(date: string, scope: string, canonical: string): string {
  return ["AWS4-HMAC-SHA256", date, scope, sha256Hex(canonical)].join("\n");
}

export function sha256Hex(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

/** Dot segments and empty segments go (RFC 3986 section 5.2.4), then each segment is encoded as it stood on the wire. */
export function canonicalPath(path: string): string {
  const kept: string[] = [];
  for (const segment of path.split("/")) {
    if (segment === "..") kept.pop();
    else if (segment !== "" && segment !== ".") kept.push(uriEncode(segment));
  }
  const isFolder = kept.length > 0 && /\/(?:\.{1,2})?$/.test(path);
  return `/${kept.join("/")}${isFolder ? "/" : ""}`;
}

/** Parameters by encoded name, then value; the signature itself is not part of what is signed. */
export function canonicalQuery(query: string): string {
  const pairs = queryPairs(query)
    .filter(([name]) => name !== "X-Amz-Signature")
    .map(([name, value]) => [uriEncode(name), uriEncode(value)] as const);
  pairs.sort(([a, x], [b, y]) => (a === b ? compare(x, y) : compare(a, b)));
  return pairs.map(([name, value]) => `${name}=${value}`).join("&");
}

/** Names and values of a query, decoded exactly as the operation's parameters are: what was signed is what is read. */
export function queryPairs(query: string): readonly (readonly [string, string])[] {
  return [...Parameters.parse(query, QUERY_LIMITS)];
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function canonicalValue(values: readonly string[]): string {
  return values.map((value) => value.trim().replaceAll(/\s+/g, " ")).join(",");
}

/** RFC 3986: everything but unreserved characters, in upper-case hex of UTF-8. */
export function uriEncode(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
