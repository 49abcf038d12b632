import { postgresOrphans } from "../adapters/postgres/lifecycle/orphans.ts";
import { postgresPreviews } from "../adapters/postgres/lifecycle/previews.ts";
import { postgresLifecycleRuns } from "../adapters/postgres/lifecycle/runs.ts";
import type { Config } from "../config.ts";
import { Turns } from "../kernel/turns.ts";
import { ORPHAN_BATCH, removeOrphans } from "../lifecycle/orphans.ts";
import { PREVIEW_KEPT } from "../lifecycle/preview.ts";
import { type Run, runDuePolicy } from "../lifecycle/run.ts";
import type { Log } from "../log.ts";
import { label, type Metrics } from "../metrics.ts";
import { type RunningLoop, startLoop } from "../workers/loop.ts";
import type { State } from "./state.ts";

/** Milliseconds between rounds that found nothing to do. */
const PAUSE = 5_000;
const PAUSE_MAX = 60_000;
/** Rows of old previews that one round removes. */
const TRIMMED_AT_ONCE = 1_000;

/**
 * The worker that carries lifecycle policies out, one after the other, and removes what refers to deleted manifests. Every
 * node runs one; they share the work. A node that ends leaves a run that is under way to the others.
 */
export function startLifecycle(
  { lifecycle }: Pick<Config, "lifecycle">,
  { database, clock }: Pick<State, "database" | "clock">,
  metrics: Metrics,
  log: Log,
): RunningLoop {
  const ports = {
    runs: postgresLifecycleRuns(database),
    orphans: postgresOrphans(database),
    clock,
    turns: new Turns(),
  };
  const images = metrics.counter(
    "berth_lifecycle_images_total",
    "Manifests that lifecycle policies were about, by what became of them, and removed referrers of deleted ones.",
  );
  const previews = postgresPreviews(database);
  let isStopping = false;
  const settings = { ...lifecycle, isStopping: () => isStopping };
  const loop = startLoop({
    async round() {
      const orphans = await removeOrphans(ports, settings.isStopping);
      images.add(orphans.removed, label("outcome", "orphan removed"));
      const trimmed = await previews.trim(new Date(clock.now().getTime() - PREVIEW_KEPT), TRIMMED_AT_ONCE);
      const run = await runDuePolicy(ports, settings);
      if (run === undefined) return orphans.looks >= ORPHAN_BATCH || trimmed >= TRIMMED_AT_ONCE;
      for (const outcome of ["removed", "skipped"] as const)
        images.add(run[outcome], label("outcome", outcome));
      say(log, run);
      return true;
    },
    ...{ pause: PAUSE, pauseMax: PAUSE_MAX },
    onFailure: (error) =>
      log.warn("a lifecycle policy could not be carried out; it will be tried again", {
        error: error instanceof Error ? error.message : String(error),
      }),
  });
  return {
    stop() {
      isStopping = true;
      return loop.stop();
    },
  };
}

function say(log: Log, { claimed, outcome, removed, skipped, transitions }: Run): void {
  const { scope, name } = claimed;
  const fields = { account: scope.account, region: scope.region, repository: name };
  if (outcome === "unreadable") {
    log.warn("a stored lifecycle policy cannot be read, and does nothing: set it anew or delete it", fields);
  } else if (outcome === "too large") {
    log.warn("a repository is too large for its lifecycle policy, which does nothing", fields);
  } else if (removed + skipped + transitions > 0) {
    const without = transitions === 0 ? {} : { transitionsWithoutEffect: transitions };
    log.info("a lifecycle policy was carried out", { ...fields, outcome, removed, skipped, ...without });
  }
}
