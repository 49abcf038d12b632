import { RegistryError } from "../errors.ts";
import type { UsageQuery, UsageReport, UsageStore } from "../ports/usage-store.ts";
import type { Scope } from "../scope.ts";

/** Reports that wait for the one under way. */
const WAITING_MAX = 10;
/** Seconds after which it may be tried again. */
const RETRY_AFTER = 30;

/** Reports of a node: one after another, since each makes the database read much. */
export class UsageReports {
  readonly #usage: UsageStore;
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(usage: UsageStore) {
    this.#usage = usage;
  }

  /** @throws RegistryError TOOMANYREQUESTS where ten wait already; UNAVAILABLE */
  async report(scope: Scope, query: UsageQuery): Promise<UsageReport | "too much"> {
    if (this.#waiting > WAITING_MAX) {
      throw new RegistryError("TOOMANYREQUESTS", "other reports are being added up", {
        facts: { retryAfter: RETRY_AFTER },
      });
    }
    this.#waiting += 1;
    const mine = this.#last.then(() => this.#usage.report(scope, query));
    this.#last = mine.catch(() => undefined);
    try {
      return await mine;
    } finally {
      this.#waiting -= 1;
    }
  }
}
