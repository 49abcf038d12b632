import type { IncomingMessage } from "node:http";
import type { Cause } from "../../audit/cause.ts";
import type { Authentication, Authenticator } from "../../iam/authenticator.ts";
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
import { registryOfHost } from "../registry-host.ts";

/** What Berth's own API lets callers in by. */
export interface OwnApiDependencies {
  readonly authenticator: Authenticator;
  readonly logins: Logins;
  readonly authorizer: Authorizer;
  readonly clock: Clock;
  /** Of hosts that name no registry. */
  readonly defaultRegion: string;
}

/** A call of Berth's own API by somebody who is known. */
export interface OwnCall {
  readonly principal: AccountPrincipal;
  /** Asks for a permission of {@link OWN_ACTIONS}, or for another one on a `resource`. @throws Refusal DENIED with the reason */
  authorize(action: string, resource?: string): Promise<void>;
  /** Why something changes that the action allows. */
  cause(action: string, parameters?: unknown): Cause;
}

/**
 * Authenticates a call as the registry's side does: by a key and its secret, or by a token of the region that the host names.
 * @throws Refusal UNAUTHORIZED
 */
export async function enterOwnApi(
  dependencies: OwnApiDependencies,
  exchange: Exchange,
  request: IncomingMessage,
): Promise<OwnCall> {
  const { authorizer, clock, logins, authenticator, defaultRegion } = dependencies;
  const { client } = exchange;
  const { region } = registryOfHost(client.host, { account: "", region: defaultRegion });
  const attempt = logins.begin(loginOrigin("access", exchange, request, clock.now()));
  const principal = await prove(authenticator, request, client, region, attempt);
  exchange.principal = principal.arn;
  setStanding(request, "proven");
  const context = contextOf(client, request, clock.now(), region);
  return {
    principal,
    async authorize(action, resource = "*") {
      const decision = await authorizer.decide(principal, action, resource, context);
      if (decision.allowed) return;
      const { reason } = decision;
      const denial = { principal, action, resource, context, reason, requestId: exchange.id };
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
  region: string,
  attempt: LoginAttempt,
): Promise<AccountPrincipal> {
  const found =
    authorization === undefined ? undefined : await authenticator.authenticate(authorization, attempt);
  if (found?.state === "proven" && found.principal.kind !== "anonymous" && isForThis(found, region)) {
    return found.principal;
  }
  if (found?.state === "expired") attempt.failed("expired", found.principal.account);
  const said = found === undefined ? "authentication required" : "the credentials are not valid";
  const challenge = { "WWW-Authenticate": basicChallenge(client) };
  throw new Refusal("UNAUTHORIZED", said, { headers: challenge });
}

/** Neither a token of another region nor one that is for something else. */
function isForThis(
  { access, region }: Extract<Authentication, { readonly state: "proven" }>,
  here: string,
): boolean {
  return access === undefined && (region === undefined || region === here);
}
