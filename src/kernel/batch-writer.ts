/** Runs `work` once after so many milliseconds, unless the function that it returns is called before. */
export type Schedule = (milliseconds: number, work: () => void) => () => void;

/** By the process's own timers. They keep no process alive. */
export const inTime: Schedule = (milliseconds, work) => {
  const timer = setTimeout(work, milliseconds);
  timer.unref();
  return () => clearTimeout(timer);
};

/** What its owner hears of a batch writer. */
export interface BatchEvents {
  /** Every write that failed. */
  readonly onFailure: (error: Error) => void;
  /** Entries begin to be dropped; once until there is room again. */
  readonly onFull?: () => void;
  readonly schedule?: Schedule;
}

/** What a batch writer writes, how, and how much it holds. */
export interface BatchWriterOptions<Entry> extends BatchEvents {
  /** Keeps all of a batch or none. One whose end is not known is given again. */
  readonly write: (batch: readonly Entry[]) => Promise<void>;
  /** Entries that wait at most; those beyond are dropped. */
  readonly waitingMax: number;
  /** Entries that are written together; so many that wait are written at once. */
  readonly batchMax: number;
  /** Milliseconds from an entry to its write, at most. */
  readonly writeAfter: number;
  /** Milliseconds from a write that failed to the next one. */
  readonly retryAfter: number;
  /** What an entry takes the place of, while that waits: one with the same key. By default of none. */
  readonly keyOf?: (entry: Entry) => unknown;
}

/** Milliseconds that the last write has when a writer is closed. */
const CLOSE_WITHIN = 5_000;

/**
 * What is gathered in memory and written to the database in batches, apart from the requests that it is about. Bounded:
 * while the database does not answer, entries wait up to a number, and those beyond are dropped and counted. Nothing
 * that it does rejects.
 */
export class BatchWriter<Entry extends object> {
  readonly #options: BatchWriterOptions<Entry>;
  readonly #schedule: Schedule;
  /** In the order in which their keys came. */
  readonly #waiting = new Map<unknown, Entry>();
  #cancel: (() => void) | undefined;
  #flushing: Promise<void> | undefined;
  #isFailing = false;
  #isFull = false;
  #isClosed = false;
  #dropped = 0;

  constructor(options: BatchWriterOptions<Entry>) {
    this.#options = options;
    this.#schedule = options.schedule ?? inTime;
  }

  /** Entries that were not written and never will be. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Entries that wait. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Whether it will be written: false while too many wait. */
  add(entry: Entry): boolean {
    const { waitingMax, batchMax, writeAfter, keyOf } = this.#options;
    const key = keyOf === undefined ? entry : keyOf(entry);
    if (this.#isClosed || (this.#waiting.size >= waitingMax && !this.#waiting.has(key))) {
      this.#drop();
      return false;
    }
    this.#isFull = false;
    this.#waiting.set(key, entry);
    if (this.#waiting.size >= batchMax && !this.#isFailing) void this.flush();
    else this.#flushAfter(writeAfter);
    return true;
  }

  /** Writes what waits; what cannot be written waits for the next time. Never rejects. */
  flush(): Promise<void> {
    this.#flushing ??= this.#writeAll().finally(() => {
      this.#flushing = undefined;
    });
    return this.#flushing;
  }

  /** Writes what waits, within bounds, and drops the rest and whatever comes. Never rejects. */
  async close(): Promise<void> {
    let cancel: (() => void) | undefined;
    const late = new Promise<void>((resolve) => {
      cancel = this.#schedule(CLOSE_WITHIN, resolve);
    });
    await Promise.race([this.flush(), late]);
    cancel?.();
    this.#isClosed = true;
    this.#cancel?.();
    this.#dropped += this.#waiting.size;
    this.#waiting.clear();
  }

  #drop(): void {
    this.#dropped++;
    if (this.#isFull) return;
    this.#isFull = true;
    this.#options.onFull?.();
  }

  #flushAfter(milliseconds: number): void {
    if (this.#isClosed) return;
    this.#cancel ??= this.#schedule(milliseconds, () => {
      this.#cancel = undefined;
      void this.flush();
    });
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.size > 0) {
      const batch = firstOf(this.#waiting, this.#options.batchMax);
      try {
        await this.#options.write(batch.map(([, entry]) => entry));
      } catch (error) {
        this.#isFailing = true;
        this.#options.onFailure(error instanceof Error ? error : new Error(String(error)));
        this.#cancel?.();
        this.#cancel = undefined;
        this.#flushAfter(this.#options.retryAfter);
        return;
      }
      this.#isFailing = false;
      // What came under the same key in the meantime is another entry, and waits on.
      for (const [key, entry] of batch) if (this.#waiting.get(key) === entry) this.#waiting.delete(key);
    }
  }
}

function firstOf<T>(all: Iterable<T>, count: number): readonly T[] {
  const first: T[] = [];
  for (const each of all) if (first.push(each) === count) break;
  return first;
}
