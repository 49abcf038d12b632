import { hash } from "node:crypto";
import type { Authenticator } from "../../iam/authenticator.ts";
import { type AccountPrincipal, ANONYMOUS } from "../../iam/principal.ts";
import type { CredentialStore } from "../../iam/principals/credentials.ts";
import type { RegistryTokens } from "../../iam/tokens/registry-token.ts";
import { isPublic, scopedRegistry, tokenIn } from "../../iam/tokens/scopes.ts";
import { authenticate, type Entrance, type Proven, unauthorized } from "../access/authenticate.ts";
import type { Proof } from "./input.ts";
import type { RefreshTokens } from "./refresh-tokens.ts";

export interface LoginDependencies {
  readonly authenticator: Authenticator;
  readonly credentials: CredentialStore;
  readonly tokens: RegistryTokens;
  readonly refreshTokens: RefreshTokens;
}

/** Who asks for a token, what narrows it, and until when it is any good. */
export interface Login extends Proven {
  readonly endsAt: Date | undefined;
}

const NOBODY: Login = { principal: ANONYMOUS, access: [], byToken: false, endsAt: undefined };

/** @throws Refusal (401) for whoever does not prove anything, unless the entrance admits anonymous callers */
export async function logIn(
  dependencies: LoginDependencies,
  proof: Proof,
  entrance: Entrance,
): Promise<Login> {
  if (proof.kind === "refresh") return logInAgain(dependencies, proof.token, entrance);
  if (proof.kind === "none") {
    if (entrance.admitsAnonymous) return NOBODY;
    throw unauthorized("UNAUTHORIZED", "authentication required", entrance.challenge());
  }
  const { authenticator, tokens } = dependencies;
  const { authorization } = proof;
  const proven = await authenticate(authenticator, authorization, { ...entrance, admitsAnonymous: false });
  // Whoever may pull what anybody may is nobody here.
  if (isPublic(proven.access) && entrance.admitsAnonymous) return NOBODY;
  // A token gets another one only as a password: whoever holds a Bearer token has what a client may have of it.
  if (proven.principal.kind === "anonymous" || !/^basic /i.test(authorization)) throw refused(entrance);
  const token = tokenIn(authorization);
  const verdict = token === undefined ? undefined : await tokens.verify(token);
  const endOfToken = verdict?.state === "valid" ? verdict.claims.expiresAt : undefined;
  const { endsAt } = await credentialOf(dependencies, proven.principal.accessKeyId, entrance);
  return { ...proven, endsAt: earlier(endsAt, endOfToken) };
}

async function logInAgain(
  dependencies: LoginDependencies,
  token: string,
  entrance: Entrance,
): Promise<Login> {
  const { attempt } = entrance;
  const claims = await dependencies.refreshTokens.verify(token, scopedRegistry(entrance.address));
  const fingerprint = hash("sha256", token, "base64");
  attempt.admit({ accessKeyId: "", fingerprint, isVouched: claims !== "unknown" });
  if (claims === "unknown") {
    attempt.failed("wrong");
    throw refused(entrance);
  }
  if (claims === "expired") {
    attempt.failed("expired");
    throw expired(entrance);
  }
  const { principal, endsAt } = await credentialOf(dependencies, claims.accessKeyId, entrance);
  attempt.proven(principal);
  return { principal, access: undefined, byToken: true, endsAt: earlier(endsAt, claims.expiresAt) };
}

async function credentialOf(
  { credentials }: LoginDependencies,
  accessKeyId: string,
  entrance: Entrance,
): Promise<{ readonly principal: AccountPrincipal; readonly endsAt: Date | undefined }> {
  const credential = await credentials.find(accessKeyId);
  if (credential === undefined) {
    entrance.attempt.failed("expired");
    throw refused(entrance);
  }
  const { principal, expiresAt } = credential;
  if (expiresAt !== undefined && expiresAt <= entrance.now) {
    entrance.attempt.failed("expired", principal.account);
    throw expired(entrance);
  }
  return { principal, endsAt: expiresAt };
}

function earlier(a: Date | undefined, b: Date | undefined): Date | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return a < b ? a : b;
}

function refused({ challenge }: Entrance): Error {
  return unauthorized("UNAUTHORIZED", "the credentials are not valid", challenge());
}

function expired({ challenge }: Entrance): Error {
  return unauthorized(
    "DENIED",
    "Your authorization token has expired. Reauthenticate and try again.",
    challenge(),
  );
}
