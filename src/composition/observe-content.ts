import { postgresRegistryFigures } from "../adapters/postgres/registry-figures.ts";
import type { CollectionGraces } from "../gc/collect.ts";
import { label, type Metrics } from "../metrics.ts";
import type { Clock } from "../registry/clock.ts";
import { FIGURE_MAX, type RegistryFigures } from "../registry/ports/registry-figures.ts";
import type { State } from "./state.ts";

/** Milliseconds for which figures are believed: scrapes may come as often as they like. */
const REMEMBER = 60_000;

/** How much there is, and how much the collector has before it: looked up at most once a minute, within a bound. */
export function observeContent(
  metrics: Metrics,
  { database, clock }: Pick<State, "database" | "clock">,
  graces: CollectionGraces,
): void {
  const figures = postgresRegistryFigures(database);
  const tasks = metrics.gauge(
    "berth_queue_tasks",
    `Tasks of the collector by queue, those due and those whose time has not come; far more than ${FIGURE_MAX} are not counted.`,
  );
  const repositories = metrics.gauge("berth_repositories", "Repositories of all accounts, about.");
  const blobs = metrics.gauge("berth_blobs", "Blobs that are stored, about.");
  const bytes = metrics.gauge("berth_stored_bytes", "Bytes of blobs that are stored, about.");
  let until = 0;
  metrics.collect(async () => {
    const now = performance.now();
    if (now < until) return;
    until = now + REMEMBER;
    for (const [queue, { due, waiting }] of Object.entries(await queuesAt(figures, clock, graces))) {
      tasks.set(due, `${label("queue", queue)},${label("state", "due")}`);
      tasks.set(waiting, `${label("queue", queue)},${label("state", "waiting")}`);
    }
    const content = await figures.content();
    repositories.set(content.repositories);
    blobs.set(content.blobs);
    bytes.set(content.storedBytes);
  });
}

function queuesAt(
  figures: RegistryFigures,
  clock: Clock,
  { blobGrace, uploadExpiry }: CollectionGraces,
): ReturnType<RegistryFigures["queues"]> {
  const now = clock.now().getTime();
  return figures.queues({
    links: new Date(now - blobGrace),
    objects: new Date(now),
    uploads: new Date(now - uploadExpiry),
  });
}
