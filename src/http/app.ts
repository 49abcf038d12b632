import type { IncomingMessage, ServerResponse } from "node:http";
import type { BlockList } from "node:net";
import type { RouterContext } from "@koa/router";
import Koa from "koa";
import type { Authenticator } from "../iam/authenticator.ts";
import type { Authorizer } from "../iam/authorizer.ts";
import { RegistryError } from "../registry/errors.ts";
import type { RegistryScope } from "../registry/repositories.ts";
import { clientOf } from "./client.ts";
import type { Exchange, Observer } from "./observe.ts";
import { authenticate, Permissions } from "./oci/authenticate.ts";
import type { OciDependencies, OciRequest } from "./oci/request.ts";
import { ociRouter, type Serve } from "./oci/router.ts";
import { errorOutcome } from "./on-error.ts";
import { type OperationsDependencies, operationsRouter } from "./ops/router.ts";
import { type Outcome, sendOutcome } from "./outcome.ts";
import { type RegistryAddress, registryOfHost } from "./registry-host.ts";
import type { Scopes } from "./scopes.ts";

export interface EdgeDependencies {
  readonly oci: OciDependencies;
  readonly operations: OperationsDependencies;
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  readonly scopes: Scopes;
  readonly observer: Observer;
  readonly defaultRegistry: RegistryAddress;
  readonly trustedProxies: BlockList;
  readonly externalUrl: string | undefined;
}

const exchanges = new WeakMap<IncomingMessage, Exchange>();

/** All doors behind one request listener. */
export function createApp(
  edge: EdgeDependencies,
): (request: IncomingMessage, response: ServerResponse) => void {
  const app = new Koa();
  const operations = operationsRouter(edge.operations, (ctx, route, handle) =>
    respond(ctx, route, () => handle(ctx.req)),
  );
  const oci = ociRouter(edge.oci, serveOci(edge));
  app.use(operations.routes());
  app.use(oci.routes());
  app.use((ctx) =>
    respond(ctx as RouterContext, "unknown", () =>
      Promise.reject(
        new RegistryError("UNSUPPORTED", "there is nothing here; the registry is below /v2/", {
          status: 404,
        }),
      ),
    ),
  );
  const handle = app.callback();
  return (request, response) => {
    exchanges.set(request, edge.observer.begin(request, response));
    void handle(request, response);
  };
}

function serveOci(edge: EdgeDependencies): Serve {
  return (ctx, route, handle) =>
    respond(ctx, route, async (exchange) => {
      const client = clientOf(ctx.req, edge.trustedProxies);
      exchange.clientIp = client.ip;
      const principal = await authenticate(edge.authenticator, ctx.req.headers.authorization, client);
      exchange.principal = principal.arn;
      const address = registryOfHost(client.host, edge.defaultRegistry);
      const query = new URLSearchParams(ctx.querystring);
      refuseNul(query);
      const permissions = new Permissions(edge.authorizer, principal, address, {
        sourceIp: client.ip,
        secureTransport: client.secure,
        time: edge.oci.ports.clock.now(),
        userAgent: ctx.req.headers["user-agent"] ?? "",
      });
      const scope: RegistryScope =
        route === "ping" ? { ...address, id: NO_REGISTRY } : await edge.scopes.find(address);
      return handle({
        incoming: ctx.req,
        query,
        scope,
        principal,
        authorize: (call, name) => permissions.require(call, name),
        may: (call, name) => permissions.allows(call, name),
        locate: (path) => `${edge.externalUrl ?? ""}${path}`,
      } satisfies OciRequest);
    });
}

const NO_REGISTRY = 0 as RegistryScope["id"];

/** Postgres text holds no NUL, and nothing that a registry knows has one. */
function refuseNul(query: URLSearchParams): void {
  for (const [key, value] of query) {
    if (value.includes("\0") || key.includes("\0")) {
      throw new RegistryError("UNSUPPORTED", "the query holds a NUL character", { status: 400 });
    }
  }
}

/** Runs a handler and writes what it decides, or what its error means. Koa takes no further part in the answer. */
async function respond(
  ctx: RouterContext,
  route: string,
  handle: (exchange: Exchange) => Promise<Outcome>,
): Promise<void> {
  ctx.respond = false;
  const exchange = exchanges.get(ctx.req);
  if (exchange === undefined) throw new Error("a request was not announced");
  exchange.route = route;
  ctx.res.setHeader("Docker-Distribution-Api-Version", "registry/2.0");
  ctx.res.setHeader("X-Request-Id", exchange.id);
  try {
    await sendOutcome(ctx.res, await handle(exchange));
  } catch (error) {
    exchange.error = error;
    if (ctx.res.headersSent || ctx.res.destroyed) ctx.res.destroy();
    else await sendOutcome(ctx.res, withoutBody(ctx, errorOutcome(error, exchange.id)));
  }
}

function withoutBody(ctx: RouterContext, outcome: Outcome): Outcome {
  return ctx.method === "HEAD" ? { status: outcome.status, headers: outcome.headers } : outcome;
}
