import type { BatchEvents, BatchWriter } from "../kernel/batch-writer.ts";
import type { Log } from "../log.ts";
import { label, type Metrics } from "../metrics.ts";

/** Batch writers of a node by the name that logs and metrics have for what they write. */
export type Batches = Readonly<
  Record<string, Pick<BatchWriter<object>, "waiting" | "dropped" | "flush" | "close">>
>;

/** What the log says of a batch writer. */
export function batchEvents(batch: string, log: Pick<Log, "warn" | "error">): BatchEvents {
  return {
    onFailure: (error) =>
      log.warn("a batch could not be written; it will be tried again", { batch, error: error.message }),
    onFull: () => log.error("too much waits for the database: some of a batch is dropped", { batch }),
  };
}

/** Figures of batch writers, read when metrics are asked for. */
export function observeBatches(metrics: Metrics, batches: Batches): void {
  const waiting = metrics.gauge("berth_batch_waiting", "Entries that wait to be written, by batch.");
  const dropped = metrics.counter("berth_batch_dropped_total", "Entries that were never written, by batch.");
  metrics.collect(() => {
    for (const [name, batch] of Object.entries(batches)) {
      waiting.set(batch.waiting, label("batch", name));
      dropped.set(batch.dropped, label("batch", name));
    }
  });
}
