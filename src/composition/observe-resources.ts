import type { BodyMemory } from "../http/body-memory.ts";
import type { Metrics } from "../metrics.ts";
import type { ManifestCache } from "../registry/manifests/pull.ts";
import type { RegistryPorts } from "../registry/ports/index.ts";
import type { State } from "./state.ts";

/** Figures of pool, uploads and cache, read when metrics are asked for. */
export function observeResources(
  metrics: Metrics,
  { database }: State,
  { knownUploads, storage }: RegistryPorts,
  { manifestCache, bodies }: { readonly manifestCache: ManifestCache; readonly bodies: BodyMemory },
): void {
  const connections = metrics.gauge("berth_database_connections", "Pooled connections by state.");
  const reads = metrics.gauge(
    "berth_database_reads_in_flight",
    "Reads under way on the pipelined connection.",
  );
  const spilled = metrics.counter(
    "berth_database_reads_spilled_total",
    "Reads that went to the pool instead.",
  );
  const retries = metrics.counter("berth_database_retries_total", "Transactions repeated after a conflict.");
  const buffered = metrics.gauge("berth_upload_buffered_bytes", "Bytes of uploads held in memory.");
  const readBack = metrics.counter(
    "berth_upload_read_back_total",
    "Uploads that were read back to be hashed.",
  );
  const entries = metrics.gauge("berth_manifest_cache_entries", "Manifests held in memory.");
  const bytes = metrics.gauge("berth_manifest_cache_bytes", "Bytes of manifests held in memory.");
  const held = metrics.gauge("berth_body_held_bytes", "Bytes of manifests, forms and JSON held in memory.");
  const refused = metrics.counter("berth_body_refused_total", "Bodies that there was no memory for.");
  metrics.collect(() => {
    held.set(bodies.heldBytes);
    refused.set(bodies.refused);
    const facts = database.statistics();
    connections.set(facts.connections - facts.idle, 'state="used"');
    connections.set(facts.idle, 'state="idle"');
    connections.set(facts.waiting, 'state="awaited"');
    reads.set(facts.readsInFlight);
    spilled.set(facts.readsSpilled);
    retries.set(facts.transactionRetries);
    buffered.set(storage.bufferedBytes());
    readBack.set(knownUploads.readBack);
    entries.set(manifestCache.size);
    bytes.set(manifestCache.calculatedSize);
  });
}
