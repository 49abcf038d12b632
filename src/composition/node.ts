import { LRUCache } from "lru-cache";
import { postgresOutbox } from "../adapters/postgres/outbox.ts";
import type { Config } from "../config.ts";
import { BearerHosts } from "../http/access/bearer-hosts.ts";
import { type App, createApp } from "../http/app.ts";
import { BodyMemory } from "../http/body-memory.ts";
import { browserHeaders } from "../http/browser-headers.ts";
import { CorsPolicy } from "../http/cors.ts";
import { LoopWatch } from "../http/loop-watch.ts";
import { Observer } from "../http/observe.ts";
import { HiddenCursors } from "../http/oci/hidden-cursor.ts";
import { Refusals } from "../http/refusals.ts";
import { listen, type RunningServer } from "../http/server.ts";
import type { Log } from "../log.ts";
import { Metrics } from "../metrics.ts";
import type { Digest } from "../registry/digest.ts";
import type { BlobStorage, RegistryPorts } from "../registry/ports/index.ts";
import { Scopes } from "../registry/scopes.ts";
import { version } from "../version.ts";
import { openAuditDays } from "./audit-days.ts";
import { type Batches, observeBatches } from "./batches.ts";
import { gracesOf } from "./collector.ts";
import { composeDoors } from "./doors.ts";
import { composeEvents, type Events } from "./events.ts";
import { listenFailure } from "./failures.ts";
import { type Access, composeAccess } from "./identity.ts";
import { observeContent } from "./observe-content.ts";
import { observeProcess } from "./observe-process.ts";
import { observeResources } from "./observe-resources.ts";
import { observeStorage } from "./observe-storage.ts";
import { composePorts } from "./ports.ts";
import { shareMetrics } from "./process-metrics.ts";
import { composeReadiness } from "./readiness.ts";
import type { State } from "./state.ts";
import { startWorkers } from "./workers.ts";

/** Manifests kept in memory: 64 MiB. */
const MANIFEST_CACHE_BYTES = 64 * 1024 * 1024;
/** Milliseconds for which a draining node still takes requests, so that a balancer can see that it is not ready. */
const NOTICE = 3_000;
/** Milliseconds without a request after which nobody is thought to send any, so that the notice may end. */
const QUIET = 100;
/** Milliseconds that requests in flight have to finish. */
const DRAIN_MAX = 25_000;

/** One process that serves requests. */
export interface RunningNode {
  /** `http://HOST:PORT`, with the port that was picked. */
  readonly url: string;
  /** Lets what is under way finish, within bounds; what is cut off stays resumable. Then closes everything. */
  drain(): Promise<void>;
}

/** Serves until drained, and closes `state` and `storage` then. The schema must be up to date. */
export async function startNode(
  config: Config,
  state: State,
  storage: BlobStorage,
  log: Log,
): Promise<RunningNode> {
  const metrics = new Metrics();
  const ports = composePorts(config, state, observeStorage(storage, metrics), log);
  observeProcess(metrics);
  observeContent(metrics, state, gracesOf(config));
  const draining = { yes: false };
  const loop = new LoopWatch(log, metrics);
  const access = composeAccess(config, state, log, metrics);
  const closeAll = async (): Promise<void> => {
    await ports.hashing.close();
    await Promise.all(Object.values(ports.batches).map((batch) => batch.close()));
    await access.close();
    await storage.close();
    await state.close();
  };
  const events = composeEvents(config, state, log);
  const app = composeApp(config, { state, ports, metrics, access, events, log, loop, draining });
  await openAuditDays(state, log);
  await postgresOutbox(state.database).renumber();
  const server = await listen(app.listener, {
    ...{ ...config.listen, tls: config.tls, log, refusals: new Refusals(log, metrics) },
  }).catch(async (error: unknown) => {
    await closeAll();
    throw listenFailure(error, `${config.listen.host}:${config.listen.port}`);
  });
  const workers = startWorkers(config, state, { ...ports, events }, metrics, log);
  const unwatch = loop.start();
  return {
    url: server.url,
    async drain() {
      draining.yes = true;
      events.waiters.close();
      server.announceEnd();
      await finish(app, server);
      await Promise.all(workers.map((worker) => worker.stop()));
      unwatch();
      await closeAll();
    },
  };
}

async function finish(app: App, server: RunningServer): Promise<void> {
  await within(NOTICE, app.quiet(QUIET));
  await server.drain(DRAIN_MAX);
  await app.idle();
}

interface Parts {
  readonly state: State;
  readonly ports: RegistryPorts & { readonly batches: Batches };
  readonly metrics: Metrics;
  readonly access: Access;
  readonly events: Events;
  readonly log: Log;
  readonly loop: LoopWatch;
  readonly draining: { readonly yes: boolean };
}

function composeApp(
  config: Config,
  { state, ports, metrics, access, events, log, loop, draining }: Parts,
): App {
  const manifestCache = new LRUCache<Digest, Buffer>({
    maxSize: MANIFEST_CACHE_BYTES,
    sizeCalculation: (bytes) => bytes.length + 200,
  });
  const bodies = new BodyMemory();
  observeResources(metrics, state, ports, { manifestCache, bodies });
  const scopes = new Scopes(ports.registries, config.regions);
  const bearer = new BearerHosts(config.bearer);
  const readiness = composeReadiness(state, ports.storage, metrics, log);
  observeBatches(metrics, { ...access.batches, ...ports.batches });
  const dropped = metrics.counter(
    "berth_audit_dropped_total",
    "Denials and pulls that were too many for the audit log.",
  );
  const unread = metrics.counter("berth_log_lines_dropped_total", "Lines of the log that nobody read.");
  metrics.collect(() => {
    dropped.set(access.audit.dropped);
    unread.set(log.dropped());
  });
  return createApp({
    oci: {
      ...{ ports, manifestCache, autoCreate: config.autoCreate },
      cursors: new HiddenCursors(state.masterKey),
      onPull: config.auditPulls ? (pull) => access.audit.note(pull) : undefined,
    },
    operations: {
      renderMetrics: shareMetrics(() => metrics.render()),
      readiness,
      version: version(),
      jwks: () => access.jwks(),
      isDraining: () => draining.yes,
    },
    authenticator: access.authenticator,
    logins: access.logins,
    authorizer: access.authorizer,
    doors: composeDoors(config, state, { access, ports, manifestCache, scopes, bearer, events, log }),
    ...{ bearer, scopes },
    bodies,
    observer: new Observer(log, metrics, config.accessLog, loop),
    defaultRegistry: { account: config.account, region: config.region },
    tellsOrigin: config.externalUrl !== undefined,
    whereabouts: { trustedProxies: config.trustedProxies, externalUrl: config.externalUrl },
    cors: new CorsPolicy(config.corsOrigins),
    browserHeaders: browserHeaders(
      config.tls !== undefined || config.externalUrl?.startsWith("https:") === true,
    ),
  });
}

async function within(milliseconds: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  await Promise.race([work, late]);
  clearTimeout(timer);
}
