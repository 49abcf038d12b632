import { createHash, createHmac } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region: string;
}

export interface SignedRequest {
  readonly method: string;
  /** As sent. */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
}

/** S3's own refusal, answered as XML. */
export class S3Refusal extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

const UNSIGNED = "UNSIGNED-PAYLOAD";
const SKEW_MAX = 15 * 60_000;

/** What a signature says about the request. */
interface Claim {
  readonly credential: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  /** `20260101T000000Z` */
  readonly date: string;
  readonly payloadHash: string;
  /** Seconds, of a presigned URL. */
  readonly expires: number | undefined;
}

/**
 * Checks AWS Signature Version 4 in its header and its presigned form.
 * @param now milliseconds since 1970
 * @returns the SHA-256 that the body must have, unless it is unsigned
 * @throws S3Refusal as S3 does
 */
export function verifySignature(
  request: SignedRequest,
  credentials: Credentials,
  now: number,
): string | undefined {
  const [path = "", rawQuery = ""] = request.target.split("?");
  const query = new URLSearchParams(rawQuery);
  const claim = query.has("X-Amz-Signature") ? presignedClaim(query) : headerClaim(request.headers);
  const scope = `${claim.date.slice(0, 8)}/${credentials.region}/s3/aws4_request`;
  if (claim.credential !== `${credentials.accessKeyId}/${scope}`) {
    throw new S3Refusal(403, "InvalidAccessKeyId", "The credential does not exist in our records");
  }
  refuseUnsigned(request.headers, claim);
  refuseUntimely(claim, now);
  const canonical = canonicalRequest(request, path, query, claim);
  const toSign = ["AWS4-HMAC-SHA256", claim.date, scope, sha256(canonical)].join("\n");
  const key = [credentials.region, "s3", "aws4_request"].reduce<Buffer>(
    (last, part) => hmac(last, part),
    hmac(`AWS4${credentials.secretAccessKey}`, claim.date.slice(0, 8)),
  );
  if (hmac(key, toSign).toString("hex") !== claim.signature) {
    throw new S3Refusal(
      403,
      "SignatureDoesNotMatch",
      "The request signature we calculated does not match the one provided",
    );
  }
  return claim.payloadHash === UNSIGNED ? undefined : claim.payloadHash;
}

function presignedClaim(query: URLSearchParams): Claim {
  return {
    credential: query.get("X-Amz-Credential") ?? "",
    signedHeaders: (query.get("X-Amz-SignedHeaders") ?? "").split(";"),
    signature: query.get("X-Amz-Signature") ?? "",
    date: query.get("X-Amz-Date") ?? "",
    payloadHash: UNSIGNED,
    expires: Number(query.get("X-Amz-Expires")),
  };
}

function headerClaim(headers: IncomingHttpHeaders): Claim {
  const text = headers.authorization ?? "";
  const match = /^AWS4-HMAC-SHA256 Credential=(\S+), ?SignedHeaders=(\S+), ?Signature=([0-9a-f]{64})$/.exec(
    text,
  );
  if (match === null) throw new S3Refusal(403, "AccessDenied", "Access Denied");
  return {
    credential: match[1] ?? "",
    signedHeaders: (match[2] ?? "").split(";"),
    signature: match[3] ?? "",
    date: String(headers["x-amz-date"]),
    payloadHash: String(headers["x-amz-content-sha256"]),
    expires: undefined,
  };
}

/** A header that means something to S3 must be signed. */
function refuseUnsigned(headers: IncomingHttpHeaders, { signedHeaders }: Claim): void {
  const unsigned = Object.keys(headers).filter(
    (name) => (name === "host" || name.startsWith("x-amz-")) && !signedHeaders.includes(name),
  );
  if (unsigned.length > 0) {
    throw new S3Refusal(
      403,
      "AccessDenied",
      "There were headers present in the request which were not signed",
    );
  }
}

function refuseUntimely({ date, expires }: Claim, now: number): void {
  const iso = date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z");
  const age = now - Date.parse(iso);
  if (expires !== undefined && !(age <= expires * 1000)) {
    throw new S3Refusal(403, "AccessDenied", "Request has expired");
  }
  if (expires === undefined && !(Math.abs(age) <= SKEW_MAX)) {
    throw new S3Refusal(403, "RequestTimeTooSkewed", "The time of the request differs too much from ours");
  }
}

function canonicalRequest(
  request: SignedRequest,
  path: string,
  query: URLSearchParams,
  claim: Claim,
): string {
  const parameters = [...query]
    .filter(([name]) => name !== "X-Amz-Signature")
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .toSorted();
  const headers = claim.signedHeaders.map(
    (name) => `${name}:${String(request.headers[name] ?? "").trim()}\n`,
  );
  return [
    request.method,
    path.split("/").map(decodeURIComponent).map(encode).join("/"),
    parameters.join("&"),
    headers.join(""),
    claim.signedHeaders.join(";"),
    claim.payloadHash,
  ].join("\n");
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function hmac(key: Buffer | string, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
