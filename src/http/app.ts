import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout } from "node:timers/promises";
import Koa, { type Context } from "koa";
import { addressBlock } from "../iam/logins/address-block.ts";
import { answerBeforeDoors, nothingHere, wrongMethod } from "./before-doors.ts";
import { hasBody } from "./body.ts";
import type { BodyMemory } from "./body-memory.ts";
import { clientOf, type Whereabouts } from "./client.ts";
import type { CorsPolicy } from "./cors.ts";
import type { Door } from "./door.ts";
import { openFastLane } from "./fast-lane.ts";
import { methodsAt } from "./methods.ts";
import type { Exchange, Observer } from "./observe.ts";
import { type OciDoorDependencies, openOciDoor } from "./oci/door.ts";
import { routeOf } from "./oci/router.ts";
import { type OperationsDependencies, operationsRouter } from "./ops/router.ts";
import type { Outcome } from "./outcome.ts";
import { respond } from "./respond.ts";
import { takeTarget } from "./target.ts";

export interface EdgeDependencies extends OciDoorDependencies {
  /** Beside the registry's, in the order in which they are asked. */
  readonly doors: readonly Door[];
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
  /** Resolves when no handler runs. */
  idle(): Promise<void>;
  /** Resolves when no handler runs, and no request has come for so many milliseconds. */
  quiet(milliseconds: number): Promise<void>;
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
    return respond(exchange, ctx.req, ctx.res, () => handle(exchange));
  });
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

function track(
  edge: EdgeDependencies,
  fastLane: ReturnType<typeof openFastLane>,
  koa: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
): App {
  const { observer, operations, doors, whereabouts, browserHeaders, cors, bodies } = edge;
  const running = new Set<Promise<void>>();
  let last = Number.NEGATIVE_INFINITY;
  const idle = async (): Promise<void> => {
    while (running.size > 0) await Promise.allSettled(running);
  };
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
      firstOf(doors, exchange, request, response);
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
      last = performance.now();
      takeTarget(request);
      const client = clientOf(request, whereabouts);
      const exchange = observer.begin(request, response, { client, headers: headersOf(request) });
      if (operations.isDraining()) response.setHeader("Connection", "close");
      const lease = hasBody(request) ? bodies.open(request, addressBlock(client.ip)) : undefined;
      const tracked = handle(exchange, request, response)
        .catch((error: Error) => {
          // A defect of a door costs its request, not the process.
          observer.failed(error);
          response.destroy();
        })
        .finally(() => {
          running.delete(tracked);
          lease?.release();
        });
      running.add(tracked);
    },
    idle,
    async quiet(milliseconds) {
      for (;;) {
        await idle();
        const rest = last + milliseconds - performance.now();
        if (rest <= 0) return;
        await setTimeout(rest);
      }
    },
  };
}

/** The answer of the first door whose request it is. */
function firstOf(doors: readonly Door[], ...asked: Parameters<Door>): ReturnType<Door> {
  for (const door of doors) {
    const answered = door(...asked);
    if (answered !== undefined) return answered;
  }
  return undefined;
}
