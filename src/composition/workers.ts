import type { Config } from "../config.ts";
import type { Log } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import type { RegistryPorts } from "../registry/ports/index.ts";
import type { RunningLoop } from "../workers/loop.ts";
import { startAuditDays } from "./audit-days.ts";
import { startCollector } from "./collector.ts";
import type { Events } from "./events.ts";
import { startLifecycle } from "./lifecycle.ts";
import type { State } from "./state.ts";
import { startWebhookWorker } from "./webhook-worker.ts";

/** Every worker of a node; all nodes run all of them, and share the work. A new one is one line here. */
export function startWorkers(
  config: Config,
  state: State,
  ports: RegistryPorts & { readonly events: Events },
  metrics: Metrics,
  log: Log,
): readonly RunningLoop[] {
  return [
    startCollector(config, state, ports, metrics, log),
    startLifecycle(config, state, metrics, log),
    startAuditDays(config, state, log),
    startWebhookWorker(state, ports.events, metrics, log),
  ];
}
