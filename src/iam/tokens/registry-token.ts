import { createHash } from "node:crypto";
import { decodeProtectedHeader, errors, type JWTPayload, jwtVerify, SignJWT } from "jose";
import { LRUCache } from "lru-cache";
import type { Clock } from "../../registry/clock.ts";
import { type SigningKeys, TOKEN_ALGORITHM } from "./signing-keys.ts";

/** What a scoped token may be used for, at most (Docker token specification, claim `access`). */
export interface TokenAccess {
  readonly type: string;
  readonly name: string;
  readonly actions: readonly string[];
}

/** What a token says: which credential it stands for. Whether that credential still lives is asked at every use. */
export interface TokenClaims {
  /** The access key, or the key of the session, that asked for it; `anonymous` for nobody. */
  readonly accessKeyId: string;
  readonly account: string;
  readonly region: string;
  /** Undefined: whatever the principal may do. */
  readonly access: readonly TokenAccess[] | undefined;
  readonly expiresAt: Date;
}

export type TokenVerdict =
  | { readonly state: "valid"; readonly claims: TokenClaims }
  /** Signed by us, and over: what it said is still true of whoever held it. */
  | { readonly state: "expired"; readonly claims: TokenClaims }
  /** Not ours, tampered with, or of a key that is gone. */
  | { readonly state: "unknown" };

export interface IssuedToken {
  /** A JWT: at most 2,000 bytes, without `:`. */
  readonly token: string;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
}

const ISSUER = "berth";
/** Verified tokens kept; each costs a few hundred bytes. */
const VERIFIED_MAX = 10_000;
/** Milliseconds for which a verified signature is believed; the key's retirement needs no shorter time. */
const BELIEVED = 5 * 60_000;

/** Issues and verifies the passwords that docker gets: signed, self-contained, bound to a credential. */
export class RegistryTokens {
  readonly #keys: SigningKeys;
  readonly #clock: Clock;
  readonly #verified = new LRUCache<string, TokenClaims>({ max: VERIFIED_MAX, ttl: BELIEVED });

  constructor(keys: SigningKeys, clock: Clock) {
    this.#keys = keys;
    this.#clock = clock;
  }

  async issue(claims: TokenClaims): Promise<IssuedToken> {
    const { kid, privateKey } = await this.#keys.signing();
    const issuedAt = this.#clock.now();
    const token = await new SignJWT({
      acc: claims.account,
      reg: claims.region,
      ...(claims.access === undefined ? {} : { access: claims.access }),
    })
      .setProtectedHeader({ alg: TOKEN_ALGORITHM, kid, typ: "JWT" })
      .setIssuer(ISSUER)
      .setSubject(claims.accessKeyId)
      .setIssuedAt(issuedAt)
      .setExpirationTime(claims.expiresAt)
      .sign(privateKey);
    return { token, issuedAt, expiresAt: claims.expiresAt };
  }

  async verify(token: string): Promise<TokenVerdict> {
    const fingerprint = createHash("sha256").update(token).digest("base64");
    const known = this.#verified.get(fingerprint);
    if (known !== undefined) {
      return { state: known.expiresAt > this.#clock.now() ? "valid" : "expired", claims: known };
    }
    const verdict = await this.#verify(token);
    if (verdict.state === "valid") this.#verified.set(fingerprint, verdict.claims);
    return verdict;
  }

  async #verify(token: string): Promise<TokenVerdict> {
    try {
      const { kid } = decodeProtectedHeader(token);
      const key = kid === undefined ? undefined : await this.#keys.proving(kid);
      if (key === undefined) return { state: "unknown" };
      const { payload } = await jwtVerify(token, key, {
        algorithms: [TOKEN_ALGORITHM],
        issuer: ISSUER,
        currentDate: this.#clock.now(),
        requiredClaims: ["sub", "exp", "acc", "reg"],
      });
      return { state: "valid", claims: toClaims(payload) };
    } catch (error) {
      if (error instanceof errors.JWTExpired) return { state: "expired", claims: toClaims(error.payload) };
      if (error instanceof errors.JOSEError || error instanceof TypeError) return { state: "unknown" };
      throw error;
    }
  }
}

function toClaims(payload: JWTPayload): TokenClaims {
  return {
    accessKeyId: String(payload.sub),
    account: String(payload["acc"]),
    region: String(payload["reg"]),
    access: payload["access"] as readonly TokenAccess[] | undefined,
    expiresAt: new Date(Number(payload.exp) * 1000),
  };
}
