import type { IncomingMessage, ServerResponse } from "node:http";
import type { Call } from "../../iam/actions.ts";
import type { Authenticator } from "../../iam/authenticator.ts";
import type { Authorizer } from "../../iam/authorizer.ts";
import type { Logins } from "../../iam/logins/login-attempt.ts";
import { principalName } from "../../iam/principal.ts";
import { Parameters, QUERY_LIMITS } from "../../kernel/parameters.ts";
import { pullerOf } from "../../registry/images/pull-times.ts";
import type { RegistryAddress, Scope } from "../../registry/scope.ts";
import type { Scopes } from "../../registry/scopes.ts";
import { authenticate } from "../access/authenticate.ts";
import type { BearerHosts } from "../access/bearer-hosts.ts";
import { basicChallenge, bearerChallenge, type Challenge } from "../access/challenge.ts";
import { contextOf } from "../access/context.ts";
import { Permissions } from "../access/permissions.ts";
import { setStanding } from "../body-memory.ts";
import type { Client } from "../client.ts";
import { loginOrigin } from "../login-origin.ts";
import type { Exchange } from "../observe.ts";
import type { Outcome } from "../outcome.ts";
import { Refusal } from "../refusal.ts";
import { registryOfHost } from "../registry-host.ts";
import { respond } from "../respond.ts";
import { registryQuery } from "./query.ts";
import type { OciDependencies, OciRequest } from "./request.ts";
import { registryMethods } from "./router.ts";
import { wantedScopes } from "./wanted-scopes.ts";

/** What every request to the registry passes before its handler. */
export interface OciDoorDependencies {
  readonly oci: OciDependencies;
  readonly authenticator: Authenticator;
  readonly logins: Logins;
  readonly authorizer: Authorizer;
  readonly scopes: Scopes;
  readonly bearer: BearerHosts;
  readonly defaultRegistry: RegistryAddress;
  /** Whether answers carry whole URLs. */
  readonly tellsOrigin: boolean;
}

/** Authenticates a request, finds the registry that it speaks to, runs its handler and writes the outcome. */
export type OciDoor = (
  exchange: Exchange,
  request: IncomingMessage,
  response: ServerResponse,
  call: Call | "ping",
  handle: (request: OciRequest) => Promise<Outcome>,
) => Promise<void>;

export function openOciDoor(dependencies: OciDoorDependencies): OciDoor {
  return (exchange, request, response, call, handle) => {
    exchange.route = call;
    const enterAndHandle = async (): Promise<Outcome> =>
      handle(await enter(dependencies, exchange, request, call));
    return respond(exchange, request, response, enterAndHandle, (refusal) =>
      completed(dependencies, exchange.client, request, refusal),
    );
  };
}

/** A refusal with what the domain leaves to the door: where its path is for this client, and what it may do instead. */
function completed(
  dependencies: OciDoorDependencies,
  client: Client,
  { url = "", method }: IncomingMessage,
  { status, headers, body }: Outcome,
): Outcome {
  const { Location: path, Allow: allowed } = headers;
  const location = path === undefined ? {} : { Location: locate(dependencies, client, String(path)) };
  const others = registryMethods(url.split("?", 1)[0] ?? "")?.filter((other) => other !== method);
  const allow = status !== 405 || allowed !== undefined ? {} : { Allow: others?.join(", ") ?? "" };
  return { status, headers: { ...headers, ...location, ...allow }, ...(body === undefined ? {} : { body }) };
}

/** A path as clients are told it: as it is, or below the origin under which they reach Berth. */
function locate({ tellsOrigin }: OciDoorDependencies, client: Client, path: string): string {
  return tellsOrigin ? `${client.origin}${path}` : path;
}

async function enter(
  dependencies: OciDoorDependencies,
  exchange: Exchange,
  incoming: IncomingMessage,
  call: Call | "ping",
): Promise<OciRequest> {
  const { oci, authenticator, logins, authorizer, scopes, bearer, defaultRegistry } = dependencies;
  const { client } = exchange;
  const address = registryOfHost(client.host, defaultRegistry);
  const now = oci.ports.clock.now();
  const { authorization } = incoming.headers;
  const handsOutTokens = bearer.has(client);
  const challenge = challengeOf(client, handsOutTokens, call, incoming);
  const admitsAnonymous = bearer.admitsAnonymous(client);
  const attempt = logins.begin(loginOrigin("registry", exchange, incoming, now));
  const entrance = { client, attempt, call, address, now, challenge, admitsAnonymous };
  const proven = await authenticate(authenticator, authorization, entrance);
  exchange.principal = principalName(proven.principal);
  if (proven.principal.kind !== "anonymous") setStanding(incoming, "proven");
  const context = contextOf(client, incoming, now, address.region);
  const permissions = new Permissions(authorizer, proven, {
    ...{ address, context, requestId: exchange.id },
    challenge: handsOutTokens ? challenge : undefined,
  });
  if (!proven.byToken && !permissions.hasLogin()) await permissions.requireLogin();
  const scope = call === "ping" ? undefined : (scopes.known(address) ?? (await scopes.find(address)));
  const request: { -readonly [Fact in keyof OciRequest]: OciRequest[Fact] } = {
    incoming,
    query: queryOf(incoming),
    scope: scope ?? { ...address, id: NO_REGISTRY },
    principal: exchange.principal,
    puller: pullerOf(proven.principal),
    async authorize(wanted, name) {
      if (!permissions.has(wanted, name)) await permissions.require(wanted, name);
      // Only who would be let in learns that there is nothing: of any other account it is no more than denied.
      if (scope === undefined) request.scope = await scopes.open(address);
    },
    may: (wanted, name) => permissions.allows(wanted, name),
    visible: (names) => permissions.visible(names),
    causeOf: (allowed, name) => permissions.causeOf(allowed, name),
    locate: (path) => locate(dependencies, client, path),
  };
  return request;
}

/** One scheme for a host, never both: clients that are offered two make twice the requests. */
function challengeOf(
  client: Client,
  handsOutTokens: boolean,
  call: Call | "ping",
  { url = "" }: IncomingMessage,
): Challenge {
  return (error) =>
    handsOutTokens ? bearerChallenge(client, wantedScopes(call, url), error) : basicChallenge(client);
}

/** Nothing is in it: that of a ping, and of an account that does not exist. */
const NO_REGISTRY = 0 as Scope["id"];

const NO_QUERY = Parameters.parse("", QUERY_LIMITS);

function queryOf(incoming: IncomingMessage): Parameters {
  if (incoming.url?.includes("?") !== true) return NO_QUERY;
  const query = Parameters.parse(registryQuery(incoming.url), QUERY_LIMITS);
  for (const [key, value] of query) {
    // Postgres text holds no NUL, and nothing that a registry knows has one.
    if (key.includes("\0") || value.includes("\0")) {
      throw new Refusal("UNSUPPORTED", "the query holds a NUL character", { status: 400 });
    }
  }
  return query;
}
