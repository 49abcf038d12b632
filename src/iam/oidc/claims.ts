import { IamError } from "../principals/errors.ts";

export type Claims = Readonly<Record<string, unknown>>;

/** What a token says of itself, in the form that its specifications give it. */
export interface TokenClaims {
  readonly subject: string;
  /** `aud`, as a list. */
  readonly audiences: readonly string[];
  /** `azp`: the party that the token was issued to. */
  readonly party: string | undefined;
}

/**
 * Claims that RFC 7519 (section 4.1) and OpenID Connect Core (section 2) define. Policies compare claims in any letter
 * case, so that `SUB` would pass for `sub`.
 */
const DEFINED: ReadonlySet<string> = new Set([
  ...["iss", "sub", "aud", "exp", "nbf", "iat", "jti"],
  ...["azp", "nonce", "auth_time", "acr", "amr", "at_hash", "c_hash"],
]);
/** Those of them that are one text. */
const TEXTS = ["sub", "azp", "jti"] as const;
/** Those that are moments. */
const MOMENTS = ["exp", "nbf", "iat", "auth_time"] as const;
/** Seconds since 1970, to the end of the year 9999: beyond it nothing ends. */
const MOMENT_MAX = 253_402_300_799;
/** "It MUST NOT exceed 255 ASCII characters in length" (OpenID Connect Core, section 2). */
const SUBJECT_MAX = 255;
const CLAIMS_MAX = 200;
/** Of all claims together, elements of lists counted. */
const VALUES_MAX = 1_000;
const AUDIENCES_MAX = 100;

/**
 * Reads the claims of a token whose signature has been verified. One that says a thing twice, or in another form than the
 * specifications have, is refused: whoever reads it otherwise would take it for another's.
 * @throws IamError InvalidIdentityTokenException naming the claim
 */
export function readClaims(claims: Claims, now: Date, tolerance: number): TokenClaims {
  refuseAmbiguity(claims);
  refuseExcess(claims);
  for (const name of TEXTS) {
    if (claims[name] !== undefined && typeof claims[name] !== "string") throw invalidClaim(name);
  }
  for (const name of MOMENTS) if (!isMoment(claims[name])) throw invalidClaim(name);
  const latest = Math.floor(now.getTime() / 1000) + tolerance;
  if (typeof claims["iat"] !== "number" || claims["iat"] > latest) throw invalidClaim("iat");
  const { sub: subject, azp: party } = claims;
  if (typeof subject !== "string" || subject === "") throw missingClaim("sub");
  if (subject.length > SUBJECT_MAX) throw invalidClaim("sub");
  return {
    ...{ subject, audiences: audiencesOf(claims["aud"]) },
    party: typeof party === "string" ? party : undefined,
  };
}

function refuseAmbiguity(claims: Claims): void {
  const seen = new Set<string>();
  for (const name of Object.keys(claims)) {
    const folded = name.toLowerCase();
    if (seen.has(folded) || (DEFINED.has(folded) && folded !== name)) throw invalidClaim(name);
    seen.add(folded);
  }
}

/** Every value is compared with policies: a token has only so many. */
function refuseExcess(claims: Claims): void {
  const entries = Object.entries(claims);
  if (entries.length > CLAIMS_MAX) {
    throw invalid(`The ID Token has more than ${CLAIMS_MAX} claims`);
  }
  let values = 0;
  for (const [name, value] of entries) {
    values += Array.isArray(value) ? value.length : 1;
    if (values > VALUES_MAX) throw invalidClaim(name);
  }
}

function isMoment(value: unknown): boolean {
  if (value === undefined) return true;
  return typeof value === "number" && value >= 0 && value <= MOMENT_MAX;
}

function audiencesOf(aud: unknown): readonly string[] {
  const list: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  const audiences = list.filter((each) => typeof each === "string");
  if (audiences.length !== list.length || list.length > AUDIENCES_MAX) throw invalidClaim("aud");
  return audiences;
}

function invalidClaim(name: string): IamError {
  return invalid(`Invalid claim: ${name.slice(0, 64)}`);
}

function missingClaim(name: string): IamError {
  return invalid(`Missing a required claim: ${name}`);
}

function invalid(message: string): IamError {
  return new IamError("InvalidIdentityTokenException", message);
}
