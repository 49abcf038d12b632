import type { IncomingMessage, ServerResponse } from "node:http";
import Koa, { type Context } from "koa";
import { RegistryError } from "../registry/errors.ts";
import type { AwsDoor } from "./aws/door.ts";
import type { BodyMemory } from "./body-memory.ts";
import { clientOf, type Whereabouts } from "./client.ts";
import type { CorsPolicy } from "./cors.ts";
import { crossSite, isCrossSite } from "./cross-site.ts";
import { openFastLane } from "./fast-lane.ts";
import { methodsAt } from "./methods.ts";
import type { Exchange, Observer } from "./observe.ts";
import { type OciDoorDependencies, openOciDoor } from "./oci/door.ts";
import { routeOf } from "./oci/router.ts";
import { type OperationsDependencies, operationsRouter } from "./ops/router.ts";
import { empty, type Outcome } from "./outcome.ts";
import { respond } from "./respond.ts";

export interface EdgeDependencies extends OciDoorDependencies {
  readonly aws: AwsDoor;
  readonly operations: OperationsDependencies;
  readonly observer: Observer;
  readonly whereabouts: Whereabouts;
  readonly browserHeaders: Outcome["headers"];
  /** Memory of the bodies that are read as a whole. */
  readonly bodies: BodyMemory;
  readonly cors: CorsPolicy;
}

/** All doors behind one request listener. */
export interface App {
  readonly listener: (request: IncomingMessage, response: ServerResponse) => void;
  /** Requests whose handler has not ended. */
  inFlight(): number;
  /** Resolves when no handler runs. */
  idle(): Promise<void>;
}

const exchanges = new WeakMap<IncomingMessage, Exchange>();

/** The exchange of a Koa context, whose answer is written past Koa. */
function take(ctx: Context): Exchange {
  ctx.respond = false;
  const exchange = exchanges.get(ctx.req);
  if (exchange === undefined) throw new Error("a request was not announced");
  return exchange;
}

export function createApp(edge: EdgeDependencies): App {
  const app = new Koa();
  // What fails after an exchange was taken is the client's connection, and the exchange says so itself.
  app.on("error", (error: Error, ctx?: Context) => {
    if (ctx?.respond !== false) edge.observer.failed(error);
  });
  const door = openOciDoor(edge);
  const operations = operationsRouter(edge.operations, (ctx, route, handle) => {
    const exchange = take(ctx);
    exchange.route = route;
    return respond(exchange, ctx.req, ctx.res, handle);
  });
  app.use((ctx, next) =>
    hasPath(ctx) ? next() : respond(take(ctx), ctx.req, ctx.res, () => Promise.reject(noTarget())),
  );
  app.use(operations.routes());
  app.use((ctx, next) => {
    const route = routeOf(edge.oci, ctx.method, ctx.path);
    return route === undefined ? next() : door(take(ctx), ctx.req, ctx.res, route.call, route.handle);
  });
  app.use((ctx) => {
    const exchange = take(ctx);
    const methods = methodsAt(ctx.path, edge.bearer.has(exchange.client));
    const refusal = methods === undefined ? nothingHere() : wrongMethod(methods);
    return respond(exchange, ctx.req, ctx.res, () => Promise.reject(refusal));
  });
  return track(edge, openFastLane(edge.oci, door), app.callback());
}

/** What no door is asked: what may be done at a path, and what no door would understand or may do. */
function answerBeforeDoors(
  { bearer, cors }: EdgeDependencies,
  exchange: Exchange,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> | undefined {
  const refuse = (error: RegistryError): Promise<void> =>
    respond(exchange, request, response, () => Promise.reject(error));
  if (isTooLong(request)) return refuse(pathTooLong());
  if (isCodedTransfer(request)) return refuse(codedTransfer());
  if (isCrossSite(request, exchange.client, cors)) return refuse(crossSite());
  const { method, url = "" } = request;
  if (method !== "OPTIONS") return undefined;
  const methods = methodsAt(url.split("?", 1)[0] ?? "", bearer.has(exchange.client));
  if (methods === undefined) return refuse(nothingHere());
  exchange.route = "options";
  const headers = { Allow: methods.join(", "), ...cors.preflight(request, methods) };
  return respond(exchange, request, response, async () => empty(204, headers));
}

/** Whether a body came in a coding beside chunks, of which Node undoes the chunks alone. */
function isCodedTransfer({ headers }: IncomingMessage): boolean {
  const codings = headers["transfer-encoding"];
  return codings !== undefined && codings.trim().toLowerCase() !== "chunked";
}

function codedTransfer(): RegistryError {
  const message = "a body may come in chunks, and in no other transfer coding";
  return new RegistryError("UNSUPPORTED", message, { status: 501 });
}

/** Whether the target has a path: one with a scheme may be no URL. */
function hasPath(ctx: Context): boolean {
  try {
    return ctx.path !== undefined;
  } catch {
    return false;
  }
}

function noTarget(): RegistryError {
  return new RegistryError("UNSUPPORTED", "the target of the request is not a valid URL", { status: 400 });
}

/** Bytes of a path: a name of 256 characters and a digest, each of them percent-encoded, are far below. */
const PATH_MAX = 2_048;

function isTooLong({ url = "" }: IncomingMessage): boolean {
  if (url.length <= PATH_MAX) return false;
  const mark = url.indexOf("?");
  return mark < 0 || mark > PATH_MAX;
}

function pathTooLong(): RegistryError {
  return new RegistryError("NAME_INVALID", `a path has at most ${PATH_MAX} bytes`, { status: 414 });
}

function wrongMethod(methods: readonly string[]): RegistryError {
  const Allow = methods.join(", ");
  return new RegistryError("UNSUPPORTED", `this path has the methods ${Allow}`, { headers: { Allow } });
}

function nothingHere(): RegistryError {
  return new RegistryError("UNSUPPORTED", "there is nothing here; the registry is below /v2/", {
    status: 404,
  });
}

function track(
  edge: EdgeDependencies,
  fastLane: ReturnType<typeof openFastLane>,
  koa: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
): App {
  const { observer, operations, aws, whereabouts, browserHeaders, cors, bodies } = edge;
  const running = new Set<Promise<void>>();
  const headersOf = (request: IncomingMessage): Outcome["headers"] =>
    cors.isOff ? browserHeaders : { ...browserHeaders, ...cors.headersFor(request) };
  const handle = async (
    exchange: Exchange,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> => {
    const handled =
      answerBeforeDoors(edge, exchange, request, response) ??
      fastLane(exchange, request, response) ??
      aws(exchange, request, response);
    if (handled !== undefined) return handled;
    exchanges.set(request, exchange);
    return koa(request, response);
  };
  return {
    listener(request, response) {
      // What a client sends behind a request that ended the connection is not answered, so it is not done either.
      if (!request.socket.writable) {
        request.socket.destroy();
        return;
      }
      const client = clientOf(request, whereabouts);
      const exchange = observer.begin(request, response, { client, headers: headersOf(request) });
      if (operations.isDraining()) response.setHeader("Connection", "close");
      const lease = bodies.open(request);
      const tracked = handle(exchange, request, response)
        .catch((error: Error) => {
          // A defect of a door costs its request, not the process.
          observer.failed(error);
          response.destroy();
        })
        .finally(() => {
          running.delete(tracked);
          lease.release();
        });
      running.add(tracked);
    },
    inFlight: () => running.size,
    async idle() {
      while (running.size > 0) await Promise.allSettled(running);
    },
  };
}
