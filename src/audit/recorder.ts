import { LRUCache } from "lru-cache";
import { type BatchEvents, BatchWriter } from "../kernel/batch-writer.ts";
import type { Clock } from "../registry/clock.ts";
import type { AuditRecord, AuditWriter } from "./audit-log.ts";
import { USER_AGENT_MAX } from "./cause.ts";
import { type Alike, RepeatedRecords } from "./repeated-records.ts";

/** Denials of one principal from one address in a minute that are kept each: a scanner must not fill the disk. */
export const DENIALS_PER_MINUTE = 100;
/** Beyond them, different pairs of action and resource that are kept in {@link PAIRS_PERIOD} all the same. */
export const DENIED_PAIRS_MAX = 1_000;
/** Milliseconds for which one denial beyond them stands for all of its pair. */
export const PAIRS_PERIOD = 600_000;
/** Pairs of principal and address that are counted. */
const COUNTED_MAX = 10_000;
/** Records that wait to be written, while the database does not answer. */
const WAITING_MAX = 10_000;
const BATCH_MAX = 1_000;
/** Milliseconds from a denial to its row: whoever reads the answer asks at once. */
const WRITE_AFTER = 250;
/** The same after a failure. */
const RETRY_AFTER = 5_000;

/** Keeps what is no change outside of the requests that it is about: in memory first, written in batches. */
export class AuditRecorder {
  readonly writer: BatchWriter<AuditRecord>;
  readonly #repeated: RepeatedRecords;
  readonly #counts = new LRUCache<string, { readonly minute: number; kept: number }>({ max: COUNTED_MAX });
  #leftOut = 0;

  constructor(log: AuditWriter, clock: Clock, events: BatchEvents) {
    this.writer = new BatchWriter({
      ...{ waitingMax: WAITING_MAX, batchMax: BATCH_MAX, writeAfter: WRITE_AFTER, retryAfter: RETRY_AFTER },
      ...events,
      write: (records) => log.append(records),
    });
    this.#repeated = new RepeatedRecords((record) => this.note(record), clock, events.schedule);
  }

  /** Denials that have no record of their own, and records that were dropped. */
  get dropped(): number {
    return this.#leftOut + this.writer.dropped;
  }

  /**
   * Whether it has a record of its own. `who` is counted: a principal, or the role of a session, whose name is its
   * caller's choice. Of what is beyond the limit, each action on each resource still has one, so that nobody hides what
   * they look for behind noise.
   */
  noteDenial(who: string, record: AuditRecord): boolean {
    const group = `${who}\n${record.sourceIp}`;
    const alike = {
      ...{ kind: "denial", group, key: `${record.action}\n${record.resource}` },
      ...{ groupMax: DENIED_PAIRS_MAX, period: PAIRS_PERIOD, isCounted: true },
    };
    if (this.#count(group, record.at)) {
      this.#repeated.noteKept(record, alike);
      return this.note(record);
    }
    const isKept = this.#repeated.note(record, alike);
    if (!isKept) this.#leftOut++;
    return isKept;
  }

  /** What may come very often: one record stands for all that are alike. */
  noteRepeated(record: AuditRecord, alike: Alike): void {
    this.#repeated.note(record, alike);
  }

  /** Whether it is kept: false while too many wait. */
  note(record: AuditRecord): boolean {
    return this.writer.add({ ...record, userAgent: record.userAgent.slice(0, USER_AGENT_MAX) });
  }

  /** Writes out what was only counted or waits. */
  async close(): Promise<void> {
    this.#repeated.finish();
    await this.writer.close();
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
