import type { Authenticator } from "../../iam/authenticator.ts";
import type { LoginAttempt } from "../../iam/logins/login-attempt.ts";
import type { Principal } from "../../iam/principal.ts";
import type { TokenAccess } from "../../iam/tokens/registry-token.ts";
import { isPublic, scopedRegistry } from "../../iam/tokens/scopes.ts";
import type { RegistryAddress } from "../../registry/scope.ts";
import type { Client } from "../client.ts";
import { Refusal } from "../refusal.ts";
import type { Challenge } from "./challenge.ts";

/** Milliseconds after a token's end for which an upload that it began may go on: one PATCH may take hours. */
export const UPLOAD_GRACE = 3_600_000;
const UPLOAD_CALLS: ReadonlySet<string> = new Set([
  "patchUpload",
  "completeUpload",
  "getUpload",
  "cancelUpload",
]);

/** Whoever makes a request, and what narrows it. */
export interface Proven {
  readonly principal: Principal;
  readonly access: readonly TokenAccess[] | undefined;
  /** Whether it was proven by a token that was handed out before. */
  readonly byToken: boolean;
}

/** Where a request knocks. */
export interface Entrance {
  readonly client: Client;
  readonly attempt: LoginAttempt;
  readonly call: string;
  readonly address: RegistryAddress;
  readonly now: Date;
  readonly challenge: Challenge;
  /** Whether tokens that stand for nobody are good here. */
  readonly admitsAnonymous: boolean;
}

/** Every 401 names the scheme, on every path and for HEAD too: some clients never ping before their first request. */
export async function authenticate(
  authenticator: Authenticator,
  authorization: string | undefined,
  { attempt, call, address, now, challenge, admitsAnonymous }: Entrance,
): Promise<Proven> {
  if (authorization === undefined) throw unauthorized("UNAUTHORIZED", "authentication required", challenge());
  const found =
    authenticator.known?.(authorization, attempt) ??
    (await authenticator.authenticate(authorization, attempt));
  if (found.state === "proven" && (isPublic(found.access) || isFor(address, found.region))) {
    const { principal, access, region } = found;
    if (principal.kind !== "anonymous" || admitsAnonymous || isPublic(access)) {
      return { principal, access, byToken: region !== undefined };
    }
  }
  const again = challenge(/^bearer /i.test(authorization) ? "invalid_token" : undefined);
  if (found.state === "expired") {
    if (isFor(address, found.region) && mayFinishUpload(found.since, call, now)) {
      return { principal: found.principal, access: found.access, byToken: true };
    }
    attempt.failed("expired", found.principal.account);
    const said = "Your authorization token has expired. Reauthenticate and try again.";
    throw unauthorized("DENIED", said, again);
  }
  throw unauthorized("UNAUTHORIZED", "the credentials are not valid", again);
}

/** Passwords are for a region, scoped tokens for one registry in it. */
function isFor(address: RegistryAddress, region: string | undefined): boolean {
  return region === undefined || region === address.region || region === scopedRegistry(address);
}

/** An upload belongs to the principal that began it, so the holder of the token is all that needs to be known. */
function mayFinishUpload(since: Date, call: string, now: Date): boolean {
  return UPLOAD_CALLS.has(call) && now.getTime() - since.getTime() < UPLOAD_GRACE;
}

export function unauthorized(code: "UNAUTHORIZED" | "DENIED", said: string, challenge: string): Refusal {
  return new Refusal(code, said, { status: 401, headers: { "WWW-Authenticate": challenge } });
}
