import { LRUCache } from "lru-cache";
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
  readonly #log: AuditWriter;
  readonly #onError: (error: Error) => void;
  readonly #counts = new LRUCache<string, { readonly minute: number; kept: number }>({ max: COUNTED_MAX });
  #waiting: AuditRecord[] = [];
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;
  #dropped = 0;

  constructor(log: AuditWriter, onError: (error: Error) => void) {
    this.#log = log;
    this.#onError = onError;
  }

  /** Records that were not kept. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Whether it is kept. `who` is counted: a principal, or the role of a session, whose name is its caller's choice. */
  noteDenial(who: string, record: AuditRecord): boolean {
    if (this.#count(`${who}\n${record.sourceIp}`, record.at)) return this.note(record);
    this.#dropped++;
    return false;
  }

  /** Whether it is kept: false while too many wait. */
  note(record: AuditRecord): boolean {
    if (this.#waiting.length >= WAITING_MAX) {
      this.#dropped++;
      return false;
    }
    this.#waiting.push({ ...record, userAgent: record.userAgent.slice(0, USER_AGENT_MAX) });
    this.#schedule(WRITE_AFTER);
    return true;
  }

  /** Writes what waits. Never fails: what cannot be written waits for the next time. */
  async flush(): Promise<void> {
    await this.#writing;
    while (this.#waiting.length > 0) {
      this.#writing = this.#write();
      try {
        await this.#writing;
      } catch (error) {
        this.#onError(error as Error);
        this.#schedule(RETRY_AFTER);
        return;
      } finally {
        this.#writing = undefined;
      }
    }
  }

  async close(): Promise<void> {
    await this.flush();
    clearTimeout(this.#timer);
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

  #schedule(after: number): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.flush();
    }, after);
    this.#timer.unref();
  }

  async #write(): Promise<void> {
    const batch = this.#waiting.slice(0, BATCH_MAX);
    await this.#log.append(batch);
    this.#waiting = this.#waiting.slice(batch.length);
  }
}
