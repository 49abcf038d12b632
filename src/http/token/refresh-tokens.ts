import { errors, jwtVerify, SignJWT } from "jose";
import { type SigningKeys, TOKEN_ALGORITHM } from "../../iam/tokens/signing-keys.ts";
import type { Clock } from "../../registry/clock.ts";

/** What a refresh token stands for: a credential, at one registry. */
export interface RefreshClaims {
  readonly accessKeyId: string;
  readonly registry: string;
  readonly expiresAt: Date;
}

/** Not the issuer of registry tokens, which demand their own: neither kind passes for the other. */
const ISSUER = "berth:refresh";

/** Tokens that get other tokens, for clients that would rather not keep a password. They open nothing else. */
export class RefreshTokens {
  readonly #keys: SigningKeys;
  readonly #clock: Clock;

  constructor(keys: SigningKeys, clock: Clock) {
    this.#keys = keys;
    this.#clock = clock;
  }

  async issue({ accessKeyId, registry, expiresAt }: RefreshClaims): Promise<string> {
    const { kid, privateKey } = await this.#keys.signing();
    return new SignJWT({ use: "refresh" })
      .setProtectedHeader({ alg: TOKEN_ALGORITHM, kid, typ: "JWT" })
      .setIssuer(ISSUER)
      .setSubject(accessKeyId)
      .setAudience(registry)
      .setIssuedAt(this.#clock.now())
      .setExpirationTime(expiresAt)
      .sign(privateKey);
  }

  /** Whether the credential still lives is for the caller to ask. */
  async verify(token: string, registry: string): Promise<RefreshClaims | "expired" | "unknown"> {
    try {
      const { payload } = await jwtVerify(token, ({ kid = "" }) => this.#prove(kid), {
        algorithms: [TOKEN_ALGORITHM],
        issuer: ISSUER,
        audience: registry,
        currentDate: this.#clock.now(),
        requiredClaims: ["sub", "exp"],
      });
      return {
        accessKeyId: String(payload.sub),
        registry,
        expiresAt: new Date(Number(payload.exp) * 1000),
      };
    } catch (error) {
      if (error instanceof errors.JWTExpired) return "expired";
      if (error instanceof errors.JOSEError || error instanceof TypeError) return "unknown";
      throw error;
    }
  }

  async #prove(kid: string): Promise<CryptoKey> {
    const key = await this.#keys.proving(kid);
    if (key === undefined) throw new errors.JWKSNoMatchingKey();
    return key;
  }
}
