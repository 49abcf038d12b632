import { postgresDeliveryQueues } from "../adapters/postgres/webhooks/queues.ts";
import { WebhookWorker } from "../events/webhooks/worker.ts";
import type { Log } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import { type RunningLoop, startLoop } from "../workers/loop.ts";
import type { Events } from "./events.ts";
import type { State } from "./state.ts";

/** Milliseconds between looks for what happened and what is due. */
const PAUSE = 1_000;
const PAUSE_MAX = 60_000;

/** Delivers events to webhooks. Every node does so; they share the work. */
export function startWebhookWorker(
  { database, masterKey, clock }: State,
  { webhooks }: Events,
  metrics: Metrics,
  log: Log,
): RunningLoop {
  const attempts = metrics.counter(
    "berth_webhook_attempts_total",
    "Attempts to tell a webhook, by how they ended.",
  );
  const dead = metrics.counter("berth_webhook_dead_total", "Deliveries that were tried for too long.");
  for (const end of ["delivered", "failed"]) attempts.add(0, `end="${end}"`);
  dead.add(0);
  observeQueues(metrics, webhooks.deliveries, clock);
  const onFailure = (error: unknown): void =>
    log.warn("webhooks could not be looked after; it will be tried again", {
      error: error instanceof Error ? error.message : String(error),
    });
  const worker = new WebhookWorker({
    ...{ queues: postgresDeliveryQueues(database), sender: webhooks.sender, masterKey, clock, onFailure },
    onEnd: (end, count) => (end === "dead" ? dead.add(count) : attempts.add(count, `end="${end}"`)),
  });
  const loop = startLoop({ round: () => worker.round(), pause: PAUSE, pauseMax: PAUSE_MAX, onFailure });
  return {
    async stop() {
      await loop.stop();
      await worker.stop();
    },
  };
}

function observeQueues(
  metrics: Metrics,
  deliveries: Events["webhooks"]["deliveries"],
  clock: State["clock"],
): void {
  const count = metrics.gauge(
    "berth_webhook_deliveries",
    "Deliveries that wait, or that are dead, of all nodes.",
  );
  const oldest = metrics.gauge(
    "berth_webhook_oldest_seconds",
    "Seconds for which the oldest delivery waits.",
  );
  metrics.collect(async () => {
    const figures = await deliveries.figures();
    count.set(figures.waiting, 'state="waiting"');
    count.set(figures.dead, 'state="dead"');
    const since = figures.oldest ?? clock.now();
    oldest.set(Math.max(0, (clock.now().getTime() - since.getTime()) / 1_000));
  });
}
