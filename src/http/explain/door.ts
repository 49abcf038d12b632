import type { IncomingMessage } from "node:http";
import { ownerOf } from "../../iam/access/assemble.ts";
import { ACCESS_PERMISSIONS } from "../../iam/actions.ts";
import type { Authenticator } from "../../iam/authenticator.ts";
import type { Authorizer } from "../../iam/authorizer.ts";
import { type Explainer, UnknownPrincipalError } from "../../iam/explain/explainer.ts";
import { presentAnswer, presentDenial } from "../../iam/explain/present.ts";
import { parseDecisionId, parseQuery, QueryError } from "../../iam/explain/query.ts";
import type { LoginAttempt, Logins } from "../../iam/logins/login-attempt.ts";
import type { AccountPrincipal } from "../../iam/principal.ts";
import { Parameters, QUERY_LIMITS, queryText } from "../../kernel/parameters.ts";
import type { Clock } from "../../registry/clock.ts";
import { authorizeAny } from "../access/authorize.ts";
import { basicChallenge } from "../access/challenge.ts";
import { contextOf } from "../access/context.ts";
import type { Client } from "../client.ts";
import type { Door } from "../door.ts";
import { loginOrigin } from "../login-origin.ts";
import type { Exchange } from "../observe.ts";
import { json, type Outcome } from "../outcome.ts";
import { Refusal } from "../refusal.ts";
import { respond } from "../respond.ts";

export const EXPLAIN_PATH = "/v1/access/explain";

export interface ExplainDoorDependencies {
  readonly authenticator: Authenticator;
  readonly logins: Logins;
  readonly authorizer: Authorizer;
  readonly explainer: Explainer;
  readonly clock: Clock;
}

/** `berth explain` over HTTP, for those who may ask: about principals and resources of their own account alone. */
export function openExplainDoor(dependencies: ExplainDoorDependencies): Door {
  return (exchange, request, response) => {
    if (request.url?.split("?", 1)[0] !== EXPLAIN_PATH) return undefined;
    exchange.route = "explainAccess";
    return respond(exchange, request, response, () => answer(dependencies, exchange, request));
  };
}

async function answer(
  dependencies: ExplainDoorDependencies,
  exchange: Exchange,
  request: IncomingMessage,
): Promise<Outcome> {
  const { client } = exchange;
  const { logins, clock } = dependencies;
  const attempt = logins.begin(loginOrigin("access", exchange, request, clock.now()));
  const principal = await enter(dependencies, request, client, attempt);
  exchange.principal = principal.arn;
  if (request.method !== "GET") {
    throw new Refusal("UNSUPPORTED", "explanations are asked for with GET", {
      headers: { Allow: "GET, OPTIONS" },
    });
  }
  await authorize(dependencies, principal, request, client);
  const asked = Parameters.parse(queryText(request.url), QUERY_LIMITS);
  try {
    const id = asked.get("id");
    return id === null
      ? await explain(dependencies, principal, asked)
      : await explainDenial(dependencies, principal, parseDecisionId(id));
  } catch (error) {
    if (error instanceof QueryError || error instanceof UnknownPrincipalError) throw wrong(error.message);
    throw error;
  }
}

async function enter(
  { authenticator }: ExplainDoorDependencies,
  { headers }: IncomingMessage,
  client: Client,
  attempt: LoginAttempt,
): Promise<AccountPrincipal> {
  const { authorization } = headers;
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

async function authorize(
  { authorizer, clock }: ExplainDoorDependencies,
  principal: AccountPrincipal,
  request: IncomingMessage,
  client: Client,
): Promise<void> {
  const context = contextOf(client, request, clock.now());
  const decision = await authorizeAny(authorizer, principal, ACCESS_PERMISSIONS.explain, "*", context);
  if (!decision.allowed) throw new Refusal("DENIED", decision.reason);
}

async function explain(
  { explainer }: ExplainDoorDependencies,
  caller: AccountPrincipal,
  asked: Parameters,
): Promise<Outcome> {
  const [principal, action, resource] = ["principal", "action", "resource"].map((name) => asked.get(name));
  if (!principal || !action || !resource) throw wrong("principal, action and resource are needed, or id");
  const query = parseQuery({ principal, action, resource, context: asked.getAll("context") });
  const accounts = [principal.split(":")[4], ownerOf(resource, caller)];
  if (accounts.some((account) => account !== caller.account)) {
    throw new Refusal("DENIED", "principal and resource must be of your own account");
  }
  return json(200, presentAnswer(await explainer.explain(query)));
}

async function explainDenial(
  { explainer }: ExplainDoorDependencies,
  { account }: AccountPrincipal,
  id: string,
): Promise<Outcome> {
  const found = await explainer.explainDenial(id, account);
  if (found !== undefined) return json(200, presentDenial(found));
  throw new Refusal("UNSUPPORTED", `there is no decision ${id}`, { status: 404 });
}

function wrong(said: string): Refusal {
  return new Refusal("UNSUPPORTED", said, { status: 400 });
}
