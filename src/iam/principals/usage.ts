import { type BatchEvents, BatchWriter } from "../../kernel/batch-writer.ts";

/** Where a key was last used. */
export interface KeyUse {
  readonly accessKeyId: string;
  readonly at: Date;
  readonly service: string;
  readonly region: string;
}

export interface KeyUsageStore {
  /** Keeps the latest use of each key; keys and sessions that are gone are passed over. */
  record(uses: readonly KeyUse[]): Promise<void>;
}

/** Milliseconds from a use to its row: AWS promises no more than hours. */
const WRITE_AFTER = 60_000;
/** Keys remembered between two batches; of more, some uses are forgotten. */
const KEYS_MAX = 50_000;

/** The last use of each key, written apart from the requests that use it. */
export function keyUsageWriter(store: KeyUsageStore, events: BatchEvents): BatchWriter<KeyUse> {
  return new BatchWriter({
    ...{ waitingMax: KEYS_MAX, batchMax: KEYS_MAX, writeAfter: WRITE_AFTER, retryAfter: WRITE_AFTER },
    ...events,
    write: (uses) => store.record(uses),
    keyOf: ({ accessKeyId }) => accessKeyId,
  });
}
