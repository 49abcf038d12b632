import { LRUCache } from "lru-cache";
import { type BatchEvents, BatchWriter } from "../kernel/batch-writer.ts";
import type { AuditRecord, AuditWriter } from "./audit-log.ts";
import { USER_AGENT_MAX } from "./cause.ts";

/** Denials of one principal from one address in a minute that are kept: a scanner must not fill the disk. */
export const DENIALS_PER_MINUTE = 100;
/** Pairs of principal and address that are counted. */
const COUNTED_MAX = 10_000;
/** Records that wait to be written, while the database does not answer. */
const WAITING_MAX = 10_000;
const BATCH_MAX = 1_000;
/** Milliseconds from a denial to its row: whoever reads the answer asks at once. */
const WRITE_AFTER = 250;
/** The same after a failure. */
const RETRY_AFTER = 5_000;

/** Keeps denials and pulls outside of the requests that they are about: in memory first, written in batches. */
export class AuditRecorder {
  readonly writer: BatchWriter<AuditRecord>;
  readonly #counts = new LRUCache<string, { readonly minute: number; kept: number }>({ max: COUNTED_MAX });
  #overCap = 0;

  constructor(log: AuditWriter, events: BatchEvents) {
    this.writer = new BatchWriter({
      ...{ waitingMax: WAITING_MAX, batchMax: BATCH_MAX, writeAfter: WRITE_AFTER, retryAfter: RETRY_AFTER },
      ...events,
      write: (records) => log.append(records),
    });
  }

  /** Records that were not kept. */
  get dropped(): number {
    return this.#overCap + this.writer.dropped;
  }

  /** Whether it is kept. `who` is counted: a principal, or the role of a session, whose name is its caller's choice. */
  noteDenial(who: string, record: AuditRecord): boolean {
    if (this.#count(`${who}\n${record.sourceIp}`, record.at)) return this.note(record);
    this.#overCap++;
    return false;
  }

  /** Whether it is kept: false while too many wait. */
  note(record: AuditRecord): boolean {
    return this.writer.add({ ...record, userAgent: record.userAgent.slice(0, USER_AGENT_MAX) });
  }

  #count(key: string, time: Date): boolean {
    const minute = Math.floor(time.getTime() / 60_000);
    let count = this.#counts.get(key);
    if (count?.minute !== minute) {
      count = { minute, kept: 0 };
      this.#counts.set(key, count);
    }
    return ++count.kept <= DENIALS_PER_MINUTE;
  }
}
