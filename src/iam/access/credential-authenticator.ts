import { createHash, hash, timingSafeEqual } from "node:crypto";
import { LRUCache } from "lru-cache";
import type { Clock } from "../../registry/clock.ts";
import type { Authentication, Authenticator } from "../authenticator.ts";
import { ANONYMOUS } from "../principal.ts";
import type { Credential, CredentialStore } from "../principals/credentials.ts";
import type { RegistryTokens, TokenClaims } from "../tokens/registry-token.ts";
import type { AccountVersions } from "./account-versions.ts";

/** User name that goes with a token, as ECR has it. */
export const TOKEN_USER = "AWS";
/** What stands for nobody in a token. */
export const ANONYMOUS_SUBJECT = "anonymous";

const HEADERS_MAX = 10_000;

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

/**
 * Proves principals on the registry's side: by a token (Basic with user `AWS`, or Bearer), by an access key id and its
 * secret, or by the key of a session with its secret and session token joined by a dot. What was verified is believed
 * while the account stays as it was, so that a deleted key, user or session ends within a moment on every node.
 */
export class CredentialAuthenticator implements Authenticator {
  readonly #dependencies: CredentialAuthenticatorDependencies;
  // Keyed by a hash, so that no credential lingers in memory as text.
  readonly #believed = new LRUCache<string, Believed>({ max: HEADERS_MAX });

  constructor(dependencies: CredentialAuthenticatorDependencies) {
    this.#dependencies = dependencies;
  }

  async authenticate(authorization: string): Promise<Authentication> {
    const fingerprint = hash("sha256", authorization, "base64");
    const known = this.#believed.get(fingerprint);
    if (known !== undefined && (await this.#isStillTrue(known))) return known.authentication;
    const found = await this.#verify(authorization);
    if (!("authentication" in found)) {
      this.#believed.delete(fingerprint);
      return found;
    }
    this.#believed.set(fingerprint, found);
    const { principal } = found.authentication;
    if (principal.kind !== "anonymous") this.#dependencies.onUse(principal.accessKeyId);
    return found.authentication;
  }

  async #isStillTrue({ account, version, expiresAt }: Believed): Promise<boolean> {
    const { versions, clock } = this.#dependencies;
    if (expiresAt !== undefined && expiresAt <= clock.now()) return false;
    return version === undefined || (await versions.of(account)) === version;
  }

  async #verify(
    authorization: string,
  ): Promise<Believed | (Authentication & { state: "refused" | "expired" })> {
    const bearer = /^bearer +([\w.~+/=-]+)$/i.exec(authorization)?.[1];
    if (bearer !== undefined) return this.#verifyToken(bearer);
    const encoded = /^basic +([a-z0-9+/=_-]+)$/i.exec(authorization)?.[1];
    if (encoded === undefined) return REFUSED;
    const decoded = Buffer.from(encoded, "base64").toString("utf8");
    const colon = decoded.indexOf(":");
    const user = decoded.slice(0, Math.max(0, colon));
    const password = decoded.slice(colon + 1);
    return user === TOKEN_USER ? this.#verifyToken(password) : this.#verifySecret(user, password);
  }

  async #verifySecret(id: string, password: string): Promise<Believed | typeof REFUSED> {
    if (!/^\w{16,128}$/.test(id)) return REFUSED;
    const credential = await this.#dependencies.credentials.find(id);
    // An unknown id takes the same comparison as a known one.
    const { secret, token } = splitPassword(password, credential?.sessionTokenHash !== undefined);
    const secretMatches = sameText(credential?.secret ?? "", secret);
    const tokenMatches = sameText(
      credential?.sessionTokenHash ?? "",
      token === undefined ? "" : sha256Hex(token),
    );
    if (credential === undefined || !secretMatches || !tokenMatches || this.#isOver(credential))
      return REFUSED;
    return believed(credential, credential.expiresAt);
  }

  async #verifyToken(token: string): Promise<Believed | (Authentication & { state: "refused" | "expired" })> {
    const verdict = await this.#dependencies.tokens.verify(token);
    if (verdict.state === "unknown") return REFUSED;
    const { claims } = verdict;
    if (claims.accessKeyId === ANONYMOUS_SUBJECT) return verdict.state === "valid" ? nobody(claims) : REFUSED;
    const credential = await this.#dependencies.credentials.find(claims.accessKeyId);
    if (credential === undefined) return REFUSED;
    // A token is over with the session that asked for it.
    const end = earlier(claims.expiresAt, credential.expiresAt);
    if (verdict.state === "expired" || this.#isOver(credential)) {
      const { access, region } = claims;
      return { state: "expired", principal: credential.principal, since: end, access, region };
    }
    return believed(credential, end, claims);
  }

  #isOver({ expiresAt }: Credential): boolean {
    return expiresAt !== undefined && expiresAt <= this.#dependencies.clock.now();
  }
}

const REFUSED = { state: "refused" } as const;

function believed(credential: Credential, expiresAt: Date | undefined, claims?: TokenClaims): Believed {
  const { principal, version } = credential;
  return {
    authentication: { state: "proven", principal, access: claims?.access, region: claims?.region },
    ...{ account: principal.account, version, expiresAt },
  };
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
