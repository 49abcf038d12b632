import Router, { type RouterContext } from "@koa/router";
import { RegistryError } from "../../registry/errors.ts";
import type { Exchange } from "../observe.ts";
import { json, type Outcome } from "../outcome.ts";
import type { Readiness } from "./readiness.ts";

export interface OperationsDependencies {
  /** Prometheus text. */
  readonly renderMetrics: () => Promise<string>;
  readonly readiness: Pick<Readiness, "report">;
  /** Of this Berth, as its package has it. */
  readonly version: string;
  /** Public keys that prove our tokens, as RFC 7517 has them. */
  readonly jwks: () => Promise<unknown>;
  /** True from SIGTERM on. */
  readonly isDraining: () => boolean;
}

type Serve = (
  ctx: RouterContext,
  route: string,
  handle: (exchange: Exchange) => Promise<Outcome>,
) => Promise<void>;

/** What balancers that can ask for nothing else get, and people who look. */
const ROOT = { service: "berth", registry: "/v2/" };

const JWKS_CACHED = { "Cache-Control": "public, max-age=300" };

/** Liveness (the process answers), readiness (it can do its work), metrics. Without authentication, without secrets. */
export function operationsRouter(dependencies: OperationsDependencies, serve: Serve): Router {
  const { version } = dependencies;
  const router = new Router();
  router.get("/", (ctx) => serve(ctx, "root", async () => json(200, ROOT)));
  router.get("/healthz", (ctx) => serve(ctx, "healthz", async () => json(200, { status: "ok", version })));
  router.get("/readyz", (ctx) => serve(ctx, "readyz", (exchange) => readiness(dependencies, exchange)));
  router.get("/.well-known/jwks.json", (ctx) =>
    serve(ctx, "jwks", async () => json(200, await dependencies.jwks(), JWKS_CACHED)),
  );
  router.get("/metrics", (ctx) =>
    serve(ctx, "metrics", async () => {
      const body = Buffer.from(await dependencies.renderMetrics());
      return {
        status: 200,
        headers: {
          "Content-Type": "text/plain; version=0.0.4; charset=utf-8",
          "Content-Length": body.length,
        },
        body,
      };
    }),
  );
  return router;
}

async function readiness(
  { readiness: looks, isDraining }: OperationsDependencies,
  exchange: Exchange,
): Promise<Outcome> {
  if (isDraining()) return json(503, { status: "draining" }, { "Retry-After": 1 });
  const { isReady, checks, reasons } = await looks.report();
  const failed = Object.entries(reasons).map(([name, reason]) => `${name} (${reason})`);
  if (isReady && failed.length === 0) return json(200, { status: "ok", checks });
  if (isReady) return json(200, { status: "degraded", checks, reasons });
  exchange.error = new RegistryError("UNAVAILABLE", `not ready: ${failed.join(", ")}`);
  return json(503, { status: "unavailable", checks, reasons }, { "Retry-After": 1 });
}
