import { postgresGarbage } from "../adapters/postgres/garbage.ts";
import { postgresSessions } from "../adapters/postgres/iam/index.ts";
import { postgresOutbox } from "../adapters/postgres/outbox.ts";
import { postgresDeliveries } from "../adapters/postgres/webhooks/deliveries.ts";
import type { Config } from "../config.ts";
import { CHANGES_KEPT, UNTOLD_KEPT } from "../events/retention.ts";
import { DEAD_KEPT, DELIVERED_KEPT } from "../events/webhooks/schedule.ts";
import {
  BATCH,
  CollectionFailedError,
  type CollectionGraces,
  collectGarbage,
  isBusy,
} from "../gc/collect.ts";
import type { Log } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import type { RegistryPorts } from "../registry/ports/index.ts";
import { type RunningLoop, startLoop } from "../workers/loop.ts";
import { DELETION_GRACE } from "./ports.ts";
import type { State } from "./state.ts";

/** Milliseconds between rounds that found little to do. */
const PAUSE = 5_000;
const PAUSE_MAX = 60_000;

/** Milliseconds for which a session of a role is kept after its end: what it began may finish, and be explained. */
const SESSIONS_KEPT = 24 * 3_600_000;

/** What the collector waits for, as configuration has it. */
export function gracesOf({ uploadExpiry, blobGrace }: Config): CollectionGraces {
  return { uploadExpiry, blobGrace, deletionGrace: DELETION_GRACE };
}

/** The worker through which space comes back. Every node runs one; they share the work. */
export function startCollector(
  config: Config,
  { database }: State,
  ports: RegistryPorts,
  metrics: Metrics,
  log: Log,
): RunningLoop {
  const garbage = postgresGarbage(database, ports.storage.name);
  const ended = metrics.counter("berth_collected_total", "Tasks that the collector has ended, by kind.");
  const sessions = postgresSessions(database);
  const outbox = postgresOutbox(database);
  const deliveries = postgresDeliveries(database);
  const graces = gracesOf(config);
  return startLoop({
    async round() {
      let failure: CollectionFailedError | undefined;
      const round = await collectGarbage({ ...ports, garbage }, graces).catch((error: unknown) => {
        if (!(error instanceof CollectionFailedError)) throw error;
        failure = error;
        return error.round;
      });
      const ago = (milliseconds: number): Date => new Date(ports.clock.now().getTime() - milliseconds);
      const forgotten = {
        sessions: await sessions.deleteExpired(ago(SESSIONS_KEPT), BATCH),
        events: await outbox.trim(ago(CHANGES_KEPT), ago(UNTOLD_KEPT), BATCH),
        deliveries: await deliveries.trim(ago(DELIVERED_KEPT), ago(DEAD_KEPT), BATCH),
      };
      for (const [kind, count] of Object.entries({ ...round, ...forgotten })) {
        ended.add(count, `kind="${kind}"`);
      }
      if (failure !== undefined) throw failure;
      return isBusy(round) || Object.values(forgotten).some((count) => count >= BATCH);
    },
    pause: PAUSE,
    pauseMax: PAUSE_MAX,
    onFailure: (error) => log.warn("collection failed; it will be tried again", { error: messageOf(error) }),
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
