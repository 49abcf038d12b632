import { timingSafeEqual } from "node:crypto";
import type { LoginAttempt, LoginFailure } from "../logins/login-attempt.ts";
import type { AccountPrincipal } from "../principal.ts";
import { canonicalRequest, type SignedRequest, sha256Hex, stringToSign } from "./canonical.ts";
import { type Claim, readClaim } from "./claim.ts";
import type { SigningCredential, SigningCredentialStore } from "./credential-store.ts";
import { amzDate, requireUnexpired, requireWithinWindow } from "./dates.ts";
import { EXPIRED_TOKEN, INVALID_TOKEN, SignatureError, WRONG_SIGNATURE } from "./errors.ts";
import { type AcceptedScope, scopeProblems, scopeText } from "./scope.ts";
import { DerivedKeys, hmac } from "./signing-keys.ts";

/** What a door accepts of a signature. */
export interface SignaturePolicy extends AcceptedScope {
  /** Credentials in the query string. */
  readonly presigned: boolean;
  /** `x-amz-content-sha256: UNSIGNED-PAYLOAD`. */
  readonly unsignedPayload: boolean;
  /** What a request without credentials is told. */
  readonly missingText: string;
}

/** Who a verified request comes from. */
export interface VerifiedCaller {
  readonly principal: AccountPrincipal;
  readonly region: string;
  /** When temporary credentials end. */
  readonly expiresAt: Date | undefined;
}

/** A request whose head is in order and whose key is known: only its signature is left to be checked, with the body. */
export interface OpenedClaim {
  /** @throws SignatureError mismatch */
  verify(body: Uint8Array): VerifiedCaller;
  /** The same of a body that was hashed as it came (SHA-256 in hex). @throws SignatureError mismatch */
  verifyHash(bodyHash: string): VerifiedCaller;
}

/** What was expected where a signature did not match; for debug logs alone. */
export interface Mismatch {
  readonly accessKeyId: string;
  readonly canonicalRequest: string;
  readonly stringToSign: string;
  readonly expected: string;
  readonly provided: string;
}

const UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD";

/** Verifies SigV4 in its header and query forms ("Signature Version 4 for API requests", IAM user guide). */
export class SignatureVerifier {
  readonly #credentials: SigningCredentialStore;
  readonly #debug: ((mismatch: Mismatch) => void) | undefined;
  readonly #keys = new DerivedKeys();

  constructor(credentials: SigningCredentialStore, debug?: (mismatch: Mismatch) => void) {
    this.#credentials = credentials;
    this.#debug = debug;
  }

  /**
   * Checks everything that needs no body, so that a request that cannot succeed is refused before its body is read.
   * `hosts` are the values of the host header that the client may have signed, the likeliest first.
   * @throws SignatureError; RegistryError TOOMANYREQUESTS where too much was wrong before
   */
  async open(
    request: SignedRequest,
    hosts: readonly string[],
    policy: SignaturePolicy,
    now: Date,
    attempt: LoginAttempt,
  ): Promise<OpenedClaim> {
    const claim = readClaim(request, policy.missingText);
    if (claim.form === "query" && !policy.presigned) {
      throw new SignatureError("incomplete", "This operation takes no credentials in the query string.");
    }
    requireSignedHeaders(request, claim);
    requireWithinWindow(claim.date, now);
    if (claim.lifetime !== undefined) requireUnexpired(claim.date, claim.lifetime, now);
    const problems = scopeProblems(claim.scope, amzDate(claim.date), policy);
    if (problems !== "") throw new SignatureError("mismatch", problems);
    const { accessKeyId } = claim.scope;
    attempt.admit({ accessKeyId, fingerprint: undefined });
    const credential = await this.#credentials.find(accessKeyId, claim.scope.region);
    try {
      requireLive(claim, credential, now);
    } catch (error) {
      attempt.failed(failureOf(error, credential), credential?.principal.account);
      throw error;
    }
    const verifyHash = (bodyHash: string): VerifiedCaller => {
      const payloadHash = payloadHashOf(request, policy, bodyHash);
      if (!this.#matches(request, hosts, claim, credential, payloadHash)) {
        attempt.failed("wrong", credential.principal.account);
        throw new SignatureError("mismatch", WRONG_SIGNATURE);
      }
      const { principal, expiresAt } = credential;
      attempt.proven(principal);
      return { principal, region: claim.scope.region, expiresAt };
    };
    return { verify: (body) => verifyHash(sha256Hex(body)), verifyHash };
  }

  #matches(
    request: SignedRequest,
    hosts: readonly string[],
    claim: Claim,
    { secret }: SigningCredential,
    payloadHash: string,
  ): boolean {
    const key = this.#keys.get(secret, claim.scope);
    const provided = Buffer.from(claim.signature, "hex");
    for (const host of new Set(hosts)) {
      const asSent = { ...request, headers: { ...request.headers, host: [host] } };
      const canonical = canonicalRequest(asSent, claim.signedHeaders, payloadHash);
      const signed = stringToSign(amzDate(claim.date), scopeText(claim.scope), canonical);
      const expected = hmac(key, signed);
      if (timingSafeEqual(expected, provided)) return true;
      this.#debug?.({
        accessKeyId: claim.scope.accessKeyId,
        canonicalRequest: withoutToken(canonical),
        stringToSign: signed,
        expected: expected.toString("hex"),
        provided: claim.signature,
      });
    }
    return false;
  }
}

/** `host` and every `x-amz-*` header decide what a request means: none may be added or changed on the way. */
function requireSignedHeaders({ headers }: SignedRequest, { signedHeaders }: Claim): void {
  if (!signedHeaders.includes("host")) {
    throw new SignatureError(
      "mismatch",
      "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
    );
  }
  const signed = new Set(signedHeaders);
  const unsigned = Object.keys(headers).find((name) => name.startsWith("x-amz-") && !signed.has(name));
  if (unsigned !== undefined) {
    throw new SignatureError("mismatch", `'${unsigned}' must be a 'SignedHeader' in the AWS Authorization.`);
  }
  const absent = signedHeaders.find((name) => headers[name] === undefined);
  if (absent !== undefined) {
    throw new SignatureError("mismatch", `'${absent}' is a 'SignedHeader' and is not part of the request.`);
  }
}

function requireLive(
  { scope, sessionToken }: Claim,
  credential: SigningCredential | undefined,
  now: Date,
): asserts credential is SigningCredential {
  if (credential === undefined) throw new SignatureError("unrecognized", INVALID_TOKEN);
  const { sessionTokenHash, expiresAt } = credential;
  // A temporary key without a hash would be one whose token nobody checks.
  const isTemporary = sessionTokenHash !== undefined || scope.accessKeyId.startsWith("ASIA");
  const matches = isTemporary
    ? sessionToken !== undefined && sameHash(sessionTokenHash ?? "", sha256Hex(sessionToken))
    : sessionToken === undefined;
  if (!matches) throw new SignatureError("unrecognized", INVALID_TOKEN);
  if (expiresAt !== undefined && expiresAt.getTime() <= now.getTime()) {
    throw new SignatureError("expired-credentials", EXPIRED_TOKEN);
  }
}

function failureOf(error: unknown, credential: SigningCredential | undefined): LoginFailure {
  if (credential === undefined) return "unknown";
  return error instanceof SignatureError && error.fault === "expired-credentials" ? "expired" : "wrong";
}

function sameHash(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a, "hex"), Buffer.from(b, "hex")];
  return left.length === right.length && timingSafeEqual(left, right);
}

/** @throws SignatureError when the client announced another hash than its body has */
function payloadHashOf(request: SignedRequest, policy: SignaturePolicy, hash: string): string {
  const announced = request.headers["x-amz-content-sha256"]?.[0];
  if (announced === UNSIGNED_PAYLOAD && policy.unsignedPayload) return UNSIGNED_PAYLOAD;
  if (announced !== undefined && announced.toLowerCase() !== hash) {
    throw new SignatureError("mismatch", "The value of 'x-amz-content-sha256' is not the hash of the body.");
  }
  return hash;
}

/** A session token is a credential: a log says where it stood, not what it was. */
function withoutToken(canonical: string): string {
  return canonical
    .replace(/^x-amz-security-token:.*$/m, "x-amz-security-token:<session token>")
    .replace(/X-Amz-Security-Token=[^&\n]*/, "X-Amz-Security-Token=<session token>");
}
