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

/** Milliseconds between two batches: AWS promises no more than hours. */
const FLUSH_EVERY = 60_000;
/** Keys remembered between two batches; of more, some uses are forgotten. */
const KEYS_MAX = 50_000;

/** Remembers uses in memory and writes the last of each key in batches, so that no request waits for it. */
export class KeyUsageRecorder {
  readonly #store: KeyUsageStore;
  readonly #onError: (error: Error) => void;
  readonly #timer: NodeJS.Timeout;
  #uses = new Map<string, KeyUse>();

  constructor(store: KeyUsageStore, onError: (error: Error) => void) {
    this.#store = store;
    this.#onError = onError;
    this.#timer = setInterval(() => void this.flush(), FLUSH_EVERY);
    this.#timer.unref();
  }

  note(use: KeyUse): void {
    if (this.#uses.size < KEYS_MAX || this.#uses.has(use.accessKeyId)) this.#uses.set(use.accessKeyId, use);
  }

  /** Writes what has gathered. Never fails: a use that cannot be written is written with the next batch. */
  async flush(): Promise<void> {
    const batch = this.#uses;
    if (batch.size === 0) return;
    this.#uses = new Map();
    try {
      await this.#store.record([...batch.values()]);
    } catch (error) {
      for (const use of batch.values()) if (!this.#uses.has(use.accessKeyId)) this.note(use);
      this.#onError(error as Error);
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.flush();
  }
}
