import type { IncomingMessage } from "node:http";
import { ownerOf } from "../../iam/access/assemble.ts";
import { OWN_ACTIONS } from "../../iam/actions.ts";
import { type Explainer, UnknownPrincipalError } from "../../iam/explain/explainer.ts";
import { presentAnswer, presentDenial } from "../../iam/explain/present.ts";
import { parseDecisionId, parseQuery, QueryError } from "../../iam/explain/query.ts";
import type { AccountPrincipal } from "../../iam/principal.ts";
import { Parameters, QUERY_LIMITS, queryText } from "../../kernel/parameters.ts";
import type { Door } from "../door.ts";
import type { Exchange } from "../observe.ts";
import { json, type Outcome } from "../outcome.ts";
import { enterOwnApi, type OwnApiDependencies } from "../own-api/enter.ts";
import { wrong } from "../own-api/parameters.ts";
import { Refusal } from "../refusal.ts";
import { respond } from "../respond.ts";

export const EXPLAIN_PATH = "/v1/access/explain";

export interface ExplainDoorDependencies extends OwnApiDependencies {
  readonly explainer: Explainer;
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
  const call = await enterOwnApi(dependencies, exchange, request);
  const { principal } = call;
  if (request.method !== "GET") {
    throw new Refusal("UNSUPPORTED", "explanations are asked for with GET", {
      headers: { Allow: "GET, OPTIONS" },
    });
  }
  await call.authorize(OWN_ACTIONS.explain);
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
