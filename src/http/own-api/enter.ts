import type { IncomingMessage } from "node:http";
import type { Cause } from "../../audit/cause.ts";
import type { Authenticator } from "../../iam/authenticator.ts";
import type { Authorizer } from "../../iam/authorizer.ts";
import type { LoginAttempt, Logins } from "../../iam/logins/login-attempt.ts";
import type { AccountPrincipal } from "../../iam/principal.ts";
import type { Clock } from "../../registry/clock.ts";
import { basicChallenge } from "../access/challenge.ts";
import { contextOf, originOf } from "../access/context.ts";
import { setStanding } from "../body-memory.ts";
import type { Client } from "../client.ts";
import { loginOrigin } from "../login-origin.ts";
import type { Exchange } from "../observe.ts";
import { Refusal } from "../refusal.ts";

/** What Berth's own API lets callers in by. */
export interface OwnApiDependencies {
  readonly authenticator: Authenticator;
  readonly logins: Logins;
  readonly authorizer: Authorizer;
  readonly clock: Clock;
}

/** A call of Berth's own API by somebody who is known. */
export interface OwnCall {
  readonly principal: AccountPrincipal;
  /** Asks for a permission of {@link OWN_ACTIONS}. @throws Refusal DENIED with the reason */
  authorize(action: string): Promise<void>;
  /** Why something changes that the action allows. */
  cause(action: string, parameters?: unknown): Cause;
}

/** Authenticates a call as the registry's side does: by a key and its secret, or by a token. @throws Refusal UNAUTHORIZED */
export async function enterOwnApi(
  dependencies: OwnApiDependencies,
  exchange: Exchange,
  request: IncomingMessage,
): Promise<OwnCall> {
  const { authorizer, clock, logins, authenticator } = dependencies;
  const { client } = exchange;
  const attempt = logins.begin(loginOrigin("access", exchange, request, clock.now()));
  const principal = await prove(authenticator, request, client, attempt);
  exchange.principal = principal.arn;
  setStanding(request, "proven");
  const context = contextOf(client, request, clock.now());
  return {
    principal,
    async authorize(action) {
      const decision = await authorizer.decide(principal, action, "*", context);
      if (decision.allowed) return;
      const { reason } = decision;
      const denial = { principal, action, resource: "*", context, reason, requestId: exchange.id };
      const decisionId = authorizer.keepDenial?.(denial);
      throw new Refusal("DENIED", reason, decisionId === undefined ? {} : { detail: { decisionId } });
    },
    cause: (action, parameters) => ({
      ...originOf(principal, principal.account, exchange.id, context),
      ...{ action, resource: "*", parameters },
    }),
  };
}

async function prove(
  authenticator: Authenticator,
  { headers: { authorization } }: IncomingMessage,
  client: Client,
  attempt: LoginAttempt,
): Promise<AccountPrincipal> {
  const found =
    authorization === undefined ? undefined : await authenticator.authenticate(authorization, attempt);
  // A token that is for something else is not for this.
  if (found?.state === "proven" && found.principal.kind !== "anonymous" && found.access === undefined) {
    return found.principal;
  }
  if (found?.state === "expired") attempt.failed("expired", found.principal.account);
  const said = found === undefined ? "authentication required" : "the credentials are not valid";
  const challenge = { "WWW-Authenticate": basicChallenge(client) };
  throw new Refusal("UNAUTHORIZED", said, { headers: challenge });
}
