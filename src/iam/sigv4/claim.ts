import type { SignedRequest } from "./canonical.ts";
import { queryPairs } from "./canonical.ts";
import { amzDate, parseSigningDate } from "./dates.ts";
import { SignatureError } from "./errors.ts";
import { type CredentialScope, parseScope } from "./scope.ts";

/** What a request says about its own signature: nothing of it is proven yet. */
export interface Claim {
  /** Where the credentials stood. */
  readonly form: "header" | "query";
  readonly scope: CredentialScope;
  readonly signedHeaders: readonly string[];
  /** Lower-case hex. */
  readonly signature: string;
  readonly date: Date;
  /** Seconds from `date` on that a query is good for, where it says so: `X-Amz-Expires`. */
  readonly lifetime: number | undefined;
  readonly sessionToken: string | undefined;
}

const ALGORITHM = "AWS4-HMAC-SHA256";

/** @throws SignatureError missing, incomplete */
export function readClaim(request: SignedRequest, missingText: string): Claim {
  const { authorization: [authorization, ...others] = [] } = request.headers;
  const query = queryPairs(request.query);
  const isPresigned = query.some(([name]) => IN_QUERY.test(name));
  if (others.length > 0 || (authorization !== undefined && isPresigned)) {
    throw incomplete(
      "Only one way to authenticate is allowed: one Authorization header, or the query string.",
    );
  }
  if (authorization !== undefined) return readHeader(request, authorization);
  if (isPresigned) return readQuery(request, query);
  throw new SignatureError("missing", missingText);
}

/** What a query that carries a signature has. */
const IN_QUERY = /^x-amz-(?:algorithm|credential|signature|signedheaders)$/i;

function readHeader(request: SignedRequest, authorization: string): Claim {
  const [algorithm = "", credentials = ""] = splitOnce(authorization.trim(), " ");
  // Another scheme (Basic, Bearer) is told what is missing, as AWS tells it.
  const rest = algorithm.startsWith("AWS4-") ? credentials : "";
  if (rest !== "") requireAlgorithm(algorithm);
  const parameters = new Map<string, string>();
  for (const part of rest === "" ? [] : rest.split(",")) {
    const [name = "", value] = splitOnce(part.trim(), "=");
    if (value === undefined) {
      throw incomplete("Invalid key=value pair (missing equal-sign) in Authorization header.");
    }
    if (parameters.has(name))
      throw incomplete(`Authorization header has the parameter '${show(name)}' twice.`);
    parameters.set(name, value);
  }
  const date = request.headers["x-amz-date"]?.[0] ?? request.headers["date"]?.[0];
  const missing = ["Credential", "Signature", "SignedHeaders"]
    .filter((name) => (parameters.get(name) ?? "") === "")
    .map((name) => `Authorization header requires '${name}' parameter.`);
  if (date === undefined) {
    missing.push("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.");
  }
  if (missing.length > 0) throw incomplete(missing.join(" "));
  return {
    form: "header",
    ...readParts({
      credential: parameters.get("Credential") ?? "",
      signedHeaders: parameters.get("SignedHeaders") ?? "",
      signature: parameters.get("Signature") ?? "",
      date: date ?? "",
    }),
    lifetime: undefined,
    sessionToken: request.headers["x-amz-security-token"]?.[0],
  };
}

const QUERY_PARAMETERS = [
  "X-Amz-Algorithm",
  "X-Amz-Credential",
  "X-Amz-Signature",
  "X-Amz-SignedHeaders",
  "X-Amz-Date",
];

/** "The maximum value is 604,800 seconds (seven days)", the minimum one. */
const LIFETIME_MAX = 604_800;

function readQuery(request: SignedRequest, query: ReturnType<typeof queryPairs>): Claim {
  const parameters = new Map<string, string>();
  const seen = new Set<string>();
  for (const [name, value] of query) {
    // Also those of the operation: whoever checks one value must not let another through.
    if (seen.has(name.toLowerCase())) {
      throw incomplete(`The query string has the parameter '${show(name)}' twice.`);
    }
    seen.add(name.toLowerCase());
    parameters.set(name, value);
  }
  const both = ["x-amz-date", "x-amz-security-token"].find((name) => request.headers[name] !== undefined);
  if (both !== undefined) throw incomplete(`'${both}' belongs into the query string, with the signature.`);
  const missing = QUERY_PARAMETERS.filter((name) => (parameters.get(name) ?? "") === "");
  if (missing.length > 0) {
    throw incomplete(missing.map((name) => `AWS query-string parameters must include '${name}'.`).join(" "));
  }
  requireAlgorithm(parameters.get("X-Amz-Algorithm") ?? "");
  return {
    form: "query",
    ...readParts({
      credential: parameters.get("X-Amz-Credential") ?? "",
      signedHeaders: parameters.get("X-Amz-SignedHeaders") ?? "",
      signature: parameters.get("X-Amz-Signature") ?? "",
      date: parameters.get("X-Amz-Date") ?? "",
    }),
    lifetime: readLifetime(parameters.get("X-Amz-Expires")),
    sessionToken: parameters.get("X-Amz-Security-Token"),
  };
}

function readLifetime(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const seconds = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (seconds >= 1 && seconds <= LIFETIME_MAX) return seconds;
  throw incomplete(`X-Amz-Expires must be 1 to ${LIFETIME_MAX} seconds. Got '${show(text)}'.`);
}

function readParts(parts: {
  readonly credential: string;
  readonly signedHeaders: string;
  readonly signature: string;
  readonly date: string;
}): Pick<Claim, "scope" | "signedHeaders" | "signature" | "date"> {
  const scope = parseScope(parts.credential);
  if (scope === undefined) {
    throw incomplete(
      "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term.",
    );
  }
  const date = parseSigningDate(parts.date);
  if (date === undefined) {
    throw incomplete(
      `Date must be in ISO-8601 'basic format', e.g. ${amzDate(new Date(0))}. Got '${show(parts.date)}'.`,
    );
  }
  if (!/^[0-9a-f]{64}$/i.test(parts.signature)) {
    throw incomplete("Signature must have exactly 64 hexadecimal digits.");
  }
  const signedHeaders = parts.signedHeaders.split(";");
  const ordered = signedHeaders.every((name, at) => at === 0 || (signedHeaders[at - 1] ?? "") < name);
  if (!ordered || signedHeaders.some((name) => !/^[!#-'*+.0-9^-z|~-]+$/.test(name))) {
    throw incomplete("SignedHeaders must be lower-case header names in order, parted by ';'.");
  }
  return { scope, date, signature: parts.signature.toLowerCase(), signedHeaders };
}

function requireAlgorithm(algorithm: string): void {
  if (algorithm === ALGORITHM) return;
  throw incomplete(`Unsupported AWS 'algorithm': '${show(algorithm)}' (only ${ALGORITHM} for now).`);
}

function splitOnce(text: string, by: string): readonly [string, string | undefined] {
  const at = text.indexOf(by);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

/** Only what a client may have mistyped is shown back, and a short piece of it. */
function show(text: string): string {
  return text.slice(0, 64).replaceAll(/[^\x20-\x7e]/g, "?");
}

function incomplete(message: string): SignatureError {
  return new SignatureError("incomplete", message);
}
