import Router, { type RouterContext } from "@koa/router";
import { json, type Outcome } from "../outcome.ts";

export interface OperationsDependencies {
  /** Prometheus text. */
  readonly renderMetrics: () => Promise<string>;
  /** What readiness depends on, by name; each resolves or rejects within a deadline of its own. */
  readonly checks: Readonly<Record<string, () => Promise<unknown>>>;
  /** Public keys that prove our tokens, as RFC 7517 has them. */
  readonly jwks: () => Promise<unknown>;
  /** True from SIGTERM on. */
  readonly isDraining: () => boolean;
}

type Serve = (ctx: RouterContext, route: string, handle: () => Promise<Outcome>) => Promise<void>;

/** What balancers that can ask for nothing else get, and people who look. */
const ROOT = { service: "berth", registry: "/v2/" };

const JWKS_CACHED = { "Cache-Control": "public, max-age=300" };

/** Milliseconds after which a check that does not answer has failed. */
const CHECK_TIMEOUT = 3_000;

/** Liveness (the process answers), readiness (it can do its work), metrics. Without authentication, without secrets. */
export function operationsRouter(dependencies: OperationsDependencies, serve: Serve): Router {
  const router = new Router();
  router.get("/", (ctx) => serve(ctx, "root", async () => json(200, ROOT)));
  router.get("/healthz", (ctx) => serve(ctx, "healthz", async () => json(200, { status: "ok" })));
  router.get("/readyz", (ctx) => serve(ctx, "readyz", () => readiness(dependencies)));
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

async function readiness({ checks, isDraining }: OperationsDependencies): Promise<Outcome> {
  if (isDraining()) return json(503, { status: "draining" }, { "Retry-After": 1 });
  const names = Object.keys(checks);
  const settled = await Promise.allSettled(Object.values(checks).map((check) => withTimeout(check())));
  const results = Object.fromEntries(
    settled.map(({ status }, at) => [names[at], status === "fulfilled" ? "ok" : "failed"]),
  );
  const ready = settled.every(({ status }) => status === "fulfilled");
  return json(
    ready ? 200 : 503,
    { status: ready ? "ok" : "unavailable", checks: results },
    ready ? {} : { "Retry-After": 1 },
  );
}

async function withTimeout(check: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("timeout")), CHECK_TIMEOUT);
  });
  await Promise.race([check, late]).finally(() => clearTimeout(timer));
}
