import { decodeJwt, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from "jose";
import { IamError } from "../principals/errors.ts";
import type { WebIdentityVerifier } from "../sessions/ports.ts";
import { RefusedIdentityError } from "../sessions/refused-identity.ts";
import { readClaims } from "./claims.ts";
import type { IssuerKeys, RegisteredIssuer } from "./issuer-keys.ts";
import type { VerifiedToken } from "./verified-token.ts";

/** Signatures that only the provider can make: nothing with a shared secret. */
const ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"];
/** Seconds that clocks may differ by. */
const TOLERANCE = 30;
const UNREACHABLE =
  "Couldn't retrieve verification key from your identity provider, please reference AssumeRoleWithWebIdentity documentation for requirements";

/** Verifies tokens of OpenID Connect providers. */
export class OidcVerifier implements WebIdentityVerifier {
  readonly #keys: IssuerKeys;
  readonly #onFailure: (issuer: string, error: Error) => void;

  /** `onFailure` hears why a provider's keys could not be had; the client only hears that. */
  constructor(keys: IssuerKeys, onFailure: (issuer: string, error: Error) => void = () => undefined) {
    this.#keys = keys;
    this.#onFailure = onFailure;
  }

  async verify(
    token: string,
    issuer: RegisteredIssuer,
    audiences: readonly string[],
    now: Date,
  ): Promise<VerifiedToken> {
    const claims = await this.#claims(token, issuer, now);
    const { subject, audiences: named, party } = readClaims(claims, now, TOLERANCE);
    const meant = party === undefined ? named : [party];
    const audience = meant.find((each) => audiences.includes(each));
    if (audience === undefined) {
      throw new RefusedIdentityError("InvalidIdentityTokenException", "Incorrect token audience", {
        mismatch: { claim: "aud", wanted: audiences, found: meant },
      });
    }
    return { claims, subject, audience, audiences: named };
  }

  async #claims(token: string, issuer: RegisteredIssuer, now: Date): Promise<JWTPayload> {
    const options = {
      ...{ issuer: issuer.url, algorithms: ALGORITHMS, currentDate: now, clockTolerance: TOLERANCE },
      requiredClaims: ["exp", "iat", "aud", "sub"],
    };
    const attempt = async (renewed: boolean): Promise<JWTPayload> =>
      (await jwtVerify(token, await this.#keysOf(issuer, renewed), options)).payload;
    try {
      return await attempt(false).catch((error: unknown) => {
        // The provider may have a key that is newer than what we know.
        if (error instanceof errors.JWKSNoMatchingKey) return attempt(true);
        throw error;
      });
    } catch (error) {
      if (!(error instanceof IamError || error instanceof errors.JOSEError)) {
        // A key that is none, such as one that is too short: the provider is wrong, not Berth.
        this.#onFailure(issuer.url, error as Error);
        throw new IamError("InvalidIdentityTokenException", UNREACHABLE, { cause: error });
      }
      throw refusal(error, now);
    }
  }

  async #keysOf(issuer: RegisteredIssuer, renewed: boolean): Promise<JWTVerifyGetKey> {
    try {
      return await this.#keys.get(issuer, renewed);
    } catch (error) {
      this.#onFailure(issuer.url, error as Error);
      throw new IamError("InvalidIdentityTokenException", UNREACHABLE, { cause: error });
    }
  }
}

/** Who a token says that it is from, before anything about it is proved. @throws IamError for what is no token */
export function readUnverified(token: string): { readonly issuer: string } {
  try {
    const { iss } = decodeJwt(token);
    if (typeof iss === "string" && iss !== "") return { issuer: iss };
  } catch {
    // Said below.
  }
  throw invalid(
    "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)",
  );
}

function refusal(error: IamError | errors.JOSEError, now: Date): IamError {
  if (error instanceof errors.JWTExpired) {
    const seconds = Math.floor(now.getTime() / 1000);
    return new IamError(
      "ExpiredTokenException",
      `Token expired: current date/time ${seconds} must be before the expiration date/time ${error.payload.exp}`,
    );
  }
  if (error instanceof errors.JWTClaimValidationFailed) {
    return invalid(
      error.reason === "missing"
        ? `Missing a required claim: ${error.claim}`
        : `Invalid claim: ${error.claim}`,
    );
  }
  return error instanceof IamError ? error : invalid("Token signature invalid");
}

function invalid(message: string): IamError {
  return new IamError("InvalidIdentityTokenException", message);
}
