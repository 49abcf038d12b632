import type { IncomingMessage } from "node:http";
import { ANONYMOUS_SUBJECT } from "../../iam/access/credential-authenticator.ts";
import type { Authorizer } from "../../iam/authorizer.ts";
import type { Logins } from "../../iam/logins/login-attempt.ts";
import { principalName } from "../../iam/principal.ts";
import type { IssuedToken } from "../../iam/tokens/issue-record.ts";
import {
  grantScopes,
  parseScopes,
  scopedRegistry,
  scopeText,
  type WantedScope,
} from "../../iam/tokens/scopes.ts";
import type { Clock } from "../../registry/clock.ts";
import type { RegistryAddress } from "../../registry/scope.ts";
import type { BearerHosts } from "../access/bearer-hosts.ts";
import { basicChallenge, TOKEN_PATH } from "../access/challenge.ts";
import { contextOf } from "../access/context.ts";
import { Permissions } from "../access/permissions.ts";
import type { Door } from "../door.ts";
import { loginOrigin } from "../login-origin.ts";
import type { Exchange } from "../observe.ts";
import { json, type Outcome } from "../outcome.ts";
import { registryOfHost } from "../registry-host.ts";
import { respond } from "../respond.ts";
import { readTokenInput } from "./input.ts";
import { type Login, type LoginDependencies, logIn } from "./login.ts";

/** What the token service needs from the rest of Berth. */
export interface TokenDoorDependencies extends LoginDependencies {
  readonly authorizer: Authorizer;
  readonly logins: Logins;
  readonly clock: Clock;
  readonly bearer: BearerHosts;
  readonly defaultRegistry: RegistryAddress;
  /** Milliseconds that a password from the ECR API lives, and with it a refresh token. */
  readonly tokenLifetime: number;
  /** Hears of every token that somebody got. */
  readonly onIssue: (issued: IssuedToken) => void;
}

/** Milliseconds that a scoped token lives, unless what it rests on ends before. */
const SCOPED_LIFETIME = 3_600_000;

/** The Docker token service, on hosts whose challenge names it. */
export function openTokenDoor(dependencies: TokenDoorDependencies): Door {
  return (exchange, request, response) => {
    if (request.url?.split("?", 1)[0] !== TOKEN_PATH) return undefined;
    if (!dependencies.bearer.has(exchange.client)) return undefined;
    exchange.route = "token";
    return respond(exchange, request, response, () => answer(dependencies, exchange, request));
  };
}

async function answer(
  dependencies: TokenDoorDependencies,
  exchange: Exchange,
  request: IncomingMessage,
): Promise<Outcome> {
  const { authorizer, logins, clock, bearer, defaultRegistry } = dependencies;
  const { client } = exchange;
  const input = await readTokenInput(request);
  const wanted = parseScopes(input.scopes);
  const address = registryOfHost(client.host, defaultRegistry);
  const now = clock.now();
  const login = await logIn(dependencies, input.proof, {
    attempt: logins.begin(loginOrigin("token", exchange, request, now)),
    ...{ client, call: "token", address, now, admitsAnonymous: bearer.admitsAnonymous(client) },
    challenge: () => basicChallenge(client, TOKEN_PATH),
  });
  exchange.principal = principalName(login.principal);
  // The scope that is asked for here is not yet one that narrows, except for whoever comes with a scoped token.
  const asking = isAnonymous(login) ? { ...login, access: undefined } : login;
  const context = contextOf(client, request, now, address.region);
  const permissions = new Permissions(authorizer, asking, { address, context, requestId: exchange.id });
  await permissions.requireLogin();
  const access = await grantScopes(grantable(login, wanted), (call, name) => permissions.allows(call, name));
  const outcome = await issue(dependencies, login, { address, access, now, offline: input.offline });
  if (login.principal.kind !== "anonymous") {
    const origin = { requestId: exchange.id, sourceIp: client.ip, userAgent: context.userAgent };
    dependencies.onIssue({ ...origin, principal: login.principal, door: "token", at: now });
  }
  return outcome;
}

function isAnonymous({ principal }: Login): boolean {
  return principal.kind === "anonymous";
}

/** Nobody may but pull, whatever a policy says: what is pushed is somebody's. */
function grantable(login: Login, wanted: readonly WantedScope[]): readonly WantedScope[] {
  if (!isAnonymous(login)) return wanted;
  return wanted.map((scope) => ({ ...scope, actions: scope.actions.filter((action) => action === "pull") }));
}

async function issue(
  { tokens, refreshTokens, tokenLifetime }: TokenDoorDependencies,
  { principal, access: narrowed, endsAt }: Login,
  { address, access, now, offline }: Issue,
): Promise<Outcome> {
  const region = scopedRegistry(address);
  const subject =
    principal.kind === "anonymous" ? { accessKeyId: ANONYMOUS_SUBJECT, account: address.account } : principal;
  const { accessKeyId, account } = subject;
  const expiresAt = endOf(now, Math.min(SCOPED_LIFETIME, tokenLifetime), endsAt);
  const { token, issuedAt } = await tokens.issue({ accessKeyId, account, region, access, expiresAt });
  const answered = {
    ...{ token, access_token: token, scope: scopeText(access) },
    expires_in: Math.floor((expiresAt.getTime() - issuedAt.getTime()) / 1000),
    issued_at: issuedAt.toISOString(),
  };
  // Of a scoped token there is no refreshing: it would outlive what it was narrowed to.
  if (!offline || principal.kind === "anonymous" || narrowed !== undefined)
    return json(200, answered, NO_STORE);
  const refresh = { accessKeyId, registry: region, expiresAt: endOf(now, tokenLifetime, endsAt) };
  return json(200, { ...answered, refresh_token: await refreshTokens.issue(refresh) }, NO_STORE);
}

interface Issue {
  readonly address: RegistryAddress;
  readonly access: Awaited<ReturnType<typeof grantScopes>>;
  readonly now: Date;
  readonly offline: boolean;
}

const NO_STORE = { "Cache-Control": "no-store" };

/** Tokens count in whole seconds. */
function endOf(now: Date, lifetime: number, end: Date | undefined): Date {
  const latest = Math.min(now.getTime() + lifetime, end?.getTime() ?? Number.POSITIVE_INFINITY);
  return new Date(Math.floor(latest / 1000) * 1000);
}
