import { createHash, timingSafeEqual } from "node:crypto";
import { LRUCache } from "lru-cache";
import type { Clock } from "../../registry/clock.ts";
import type { Authentication, Authenticator } from "../authenticator.ts";
import type { LoginAttempt, LoginFailure } from "../logins/login-attempt.ts";
import { ANONYMOUS } from "../principal.ts";
import type { Credential, CredentialStore } from "../principals/credentials.ts";
import type { RegistryTokens, TokenClaims } from "../tokens/registry-token.ts";
import { isPublic } from "../tokens/scopes.ts";
import type { AccountVersions } from "./account-versions.ts";
import { Fingerprints } from "./fingerprints.ts";

/** User name that goes with a token, as ECR has it. */
export const TOKEN_USER = "AWS";
/** What stands for nobody in a token. */
export const ANONYMOUS_SUBJECT = "anonymous";

const HEADERS_MAX = 10_000;
/** Milliseconds for which a refusal is remembered at most. */
const REFUSED_FOR = 600_000;

export interface CredentialAuthenticatorDependencies {
  readonly credentials: CredentialStore;
  readonly tokens: RegistryTokens;
  readonly versions: AccountVersions;
  readonly clock: Clock;
  /** Hears of every verification, for the last use of keys. */
  readonly onUse: (accessKeyId: string) => void;
}

interface Believed {
  readonly authentication: Authentication & { readonly state: "proven" };
  readonly account: string;
  /** Of the account when its credential was read; undefined for nobody's. */
  readonly version: number | undefined;
  readonly expiresAt: Date | undefined;
}

/** How far an account had changed: while it stays so, what was found is found again. */
interface Basis {
  readonly account: string;
  readonly version: number | undefined;
}

/** Something that proves nobody. It is remembered where it rests on an account, whose change makes it forgotten. */
interface Refused {
  readonly refusal: Authentication & { readonly state: "refused" | "expired" };
  readonly failure: LoginFailure;
  readonly basis: (Basis & { readonly until: Date }) | undefined;
}

/**
 * Proves principals on the registry's side: by a token (Basic with user `AWS`, or Bearer), by an access key id and its
 * secret, or by the key of a session with its secret and session token joined by a dot. What was verified is believed
 * while the account stays as it was, so that a deleted key, user or session ends within a moment on every node. What was
 * refused is refused from memory for as long as that.
 */
export class CredentialAuthenticator implements Authenticator {
  readonly #dependencies: CredentialAuthenticatorDependencies;
  readonly #fingerprints = new Fingerprints();
  // Keyed by a hash, so that no credential lingers in memory as text.
  readonly #believed = new LRUCache<string, Believed>({ max: HEADERS_MAX });
  // What is wrong is asked of the database once. Apart, so that wrong ones drive out no right ones.
  readonly #refused = new LRUCache<string, Refused>({ max: HEADERS_MAX });

  constructor(dependencies: CredentialAuthenticatorDependencies) {
    this.#dependencies = dependencies;
  }

  known(authorization: string, attempt: LoginAttempt): Authentication | undefined {
    const fingerprint = this.#fingerprints.recall(authorization);
    const known = fingerprint === undefined ? undefined : this.#believed.get(fingerprint);
    if (fingerprint === undefined || known === undefined || this.#isOver(known)) return undefined;
    if (known.version !== undefined && this.#dependencies.versions.believed(known.account) !== known.version)
      return undefined;
    return this.#prove(known, fingerprint, attempt);
  }

  async authenticate(authorization: string, attempt: LoginAttempt): Promise<Authentication> {
    const fingerprint = this.#fingerprints.of(authorization);
    const known = this.#believed.get(fingerprint);
    if (known !== undefined && (await this.#isStillTrue(known))) {
      this.#fingerprints.keep(authorization, fingerprint);
      return this.#prove(known, fingerprint, attempt);
    }
    const proof = readProof(authorization);
    const isVouched = await this.#isSignedHere(proof);
    attempt.admit({ accessKeyId: proof?.accessKeyId ?? "", fingerprint, isVouched });
    const found = (await this.#remembered(fingerprint)) ?? (await this.#verify(proof));
    if (!("refusal" in found)) {
      this.#believed.set(fingerprint, found);
      this.#refused.delete(fingerprint);
      const { principal } = found.authentication;
      if (principal.kind === "anonymous") return found.authentication;
      this.#dependencies.onUse(principal.accessKeyId);
      attempt.proven(principal);
      return found.authentication;
    }
    this.#believed.delete(fingerprint);
    if (found.basis !== undefined) this.#refused.set(fingerprint, found);
    // What may still go on with it is for the doors to say.
    if (found.refusal.state === "refused") attempt.failed(found.failure, found.basis?.account);
    return found.refusal;
  }

  #prove({ authentication }: Believed, fingerprint: string, attempt: LoginAttempt): Authentication {
    const { principal } = authentication;
    if (principal.kind === "anonymous") return authentication;
    attempt.believed(principal, fingerprint);
    return authentication;
  }

  /** A signature is verified without the database: whoever has a token is let in beside any number of wrong ones. */
  async #isSignedHere(proof: Proof | undefined): Promise<boolean> {
    if (proof === undefined || !("token" in proof)) return false;
    return (await this.#dependencies.tokens.verify(proof.token)).state !== "unknown";
  }

  async #isStillTrue(known: Believed): Promise<boolean> {
    if (this.#isOver(known)) return false;
    if (known.version === undefined) return true;
    const { versions } = this.#dependencies;
    return (versions.believed(known.account) ?? (await versions.of(known.account))) === known.version;
  }

  /** What was refused a moment ago, while nothing has changed that it rests on. */
  async #remembered(fingerprint: string): Promise<Refused | undefined> {
    const known = this.#refused.get(fingerprint);
    const { versions, clock } = this.#dependencies;
    if (known?.basis === undefined || known.basis.until <= clock.now()) return undefined;
    const { account, version } = known.basis;
    return (await versions.of(account)) === version ? known : undefined;
  }

  async #verify(proof: Proof | undefined): Promise<Believed | Refused> {
    if (proof === undefined) return this.#refuse("wrong");
    return "token" in proof ? this.#verifyToken(proof.token) : this.#verifySecret(proof);
  }

  async #verifySecret({ accessKeyId, password }: SecretProof): Promise<Believed | Refused> {
    if (accessKeyId === "") return this.#refuse("unknown");
    const credential = await this.#dependencies.credentials.find(accessKeyId);
    // An unknown id takes the same comparison as a known one.
    const { secret, token } = splitPassword(password, credential?.sessionTokenHash !== undefined);
    const secretMatches = sameText(credential?.secret ?? "", secret);
    const tokenMatches = sameText(
      credential?.sessionTokenHash ?? "",
      token === undefined ? "" : sha256Hex(token),
    );
    if (credential === undefined) return this.#refuse("unknown");
    if (!secretMatches || !tokenMatches) return this.#refuse("wrong", basisOf(credential));
    if (this.#isOver(credential)) return this.#refuse("expired", basisOf(credential));
    return believed(credential, credential.expiresAt);
  }

  async #verifyToken(token: string): Promise<Believed | Refused> {
    const verdict = await this.#dependencies.tokens.verify(token);
    if (verdict.state === "unknown") return this.#refuse("wrong");
    const { claims } = verdict;
    if (claims.accessKeyId === ANONYMOUS_SUBJECT) {
      return verdict.state === "valid" ? nobody(claims) : this.#refuse("expired");
    }
    // How far the account has changed comes first: a change since then makes what is found below forgotten.
    const version = await this.#dependencies.versions.of(claims.account);
    const credential = await this.#dependencies.credentials.find(claims.accessKeyId);
    // Somebody here has signed it: it was good once.
    if (credential === undefined) return this.#refuse("expired", { account: claims.account, version });
    // A token is over with the session that asked for it.
    const end = earlier(claims.expiresAt, credential.expiresAt);
    if (verdict.state === "expired" || this.#isOver(credential)) {
      const { access, region } = claims;
      const { principal } = credential;
      const refusal = { state: "expired", principal, since: end, access, region } as const;
      return { ...this.#refuse("expired", basisOf(credential)), refusal };
    }
    return believed(credential, end, claims);
  }

  #refuse(failure: LoginFailure, basis?: Basis): Refused {
    const until = new Date(this.#dependencies.clock.now().getTime() + REFUSED_FOR);
    return { refusal: REFUSED, failure, basis: basis && { ...basis, until } };
  }

  #isOver({ expiresAt }: Pick<Credential, "expiresAt">): boolean {
    return expiresAt !== undefined && expiresAt <= this.#dependencies.clock.now();
  }
}

/** What an `Authorization` header brings. */
type Proof = SecretProof | { readonly accessKeyId: ""; readonly token: string };

interface SecretProof {
  /** Empty for what can be none. */
  readonly accessKeyId: string;
  readonly password: string;
}

/** Undefined for what is no credential at all. */
function readProof(authorization: string): Proof | undefined {
  const bearer = /^bearer +([\w.~+/=-]+)$/i.exec(authorization)?.[1];
  if (bearer !== undefined) return { accessKeyId: "", token: bearer };
  const encoded = /^basic +([a-z0-9+/=_-]+)$/i.exec(authorization)?.[1];
  if (encoded === undefined) return undefined;
  const decoded = Buffer.from(encoded, "base64").toString("utf8");
  const colon = decoded.indexOf(":");
  const user = decoded.slice(0, Math.max(0, colon));
  const password = decoded.slice(colon + 1);
  if (user === TOKEN_USER) return { accessKeyId: "", token: password };
  return { accessKeyId: /^\w{16,128}$/.test(user) ? user : "", password };
}

const REFUSED = { state: "refused" } as const;

function believed(credential: Credential, expiresAt: Date | undefined, claims?: TokenClaims): Believed {
  const { principal, version } = credential;
  const { access, region } = claims ?? {};
  return {
    authentication: { state: "proven", principal: isPublic(access) ? ANONYMOUS : principal, access, region },
    ...{ account: principal.account, version, expiresAt },
  };
}

function basisOf({ principal, version }: Credential): Basis {
  return { account: principal.account, version };
}

function nobody({ account, access, region, expiresAt }: TokenClaims): Believed {
  const authentication = { state: "proven", principal: ANONYMOUS, access, region } as const;
  return { authentication, account, version: undefined, expiresAt };
}

function earlier(end: Date, other: Date | undefined): Date {
  return other !== undefined && other < end ? other : end;
}

/** Secrets hold no dot, and session tokens follow one. */
function splitPassword(password: string, hasToken: boolean): { secret: string; token: string | undefined } {
  const dot = password.indexOf(".");
  if (!hasToken || dot < 0) return { secret: password, token: undefined };
  return { secret: password.slice(0, dot), token: password.slice(dot + 1) };
}

function sha256Hex(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** Compares in time that depends on neither value. */
function sameText(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
