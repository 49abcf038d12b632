import { inTime, type Schedule } from "../kernel/batch-writer.ts";
import { RegistryError } from "../registry/errors.ts";
import type { ChangeReader, Waiting } from "./ports.ts";

/** Readers that may wait on a node at a time, and those of one account among them. */
export const WAITERS_MAX = 1_000;
export const WAITERS_PER_ACCOUNT = 50;
/** Milliseconds between looks, while anybody waits. */
const LOOK_EVERY = 1_000;

interface Waiter extends Waiting {
  readonly account: string;
  readonly wake: () => void;
}

export interface WaitersOptions {
  readonly reader: Pick<ChangeReader, "whoHasMore">;
  readonly onFailure: (error: unknown) => void;
  readonly schedule?: Schedule;
}

/** Readers at the end of their registry's events. One statement a second looks for all of a node, however many they are. */
export class Waiters {
  readonly #options: WaitersOptions;
  readonly #schedule: Schedule;
  readonly #waiters = new Set<Waiter>();
  readonly #perAccount = new Map<string, number>();
  #cancelLook: (() => void) | undefined;
  #isClosed = false;

  constructor(options: WaitersOptions) {
    this.#options = options;
    this.#schedule = options.schedule ?? inTime;
  }

  /**
   * Resolves when there may be more, when the time (in milliseconds) is over, or when the reader is gone.
   * @throws RegistryError TOOMANYREQUESTS when too many wait already
   */
  async wait(waiting: Waiting & { account: string }, milliseconds: number, gone: AbortSignal): Promise<void> {
    if (this.#isClosed || gone.aborted) return;
    const { account } = waiting;
    const own = this.#perAccount.get(account) ?? 0;
    if (this.#waiters.size >= WAITERS_MAX || own >= WAITERS_PER_ACCOUNT) throw tooMany();
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = (): void => resolve();
    const waiter = { ...waiting, wake };
    const cancel = this.#schedule(milliseconds, wake);
    gone.addEventListener("abort", wake, { once: true });
    this.#waiters.add(waiter);
    this.#perAccount.set(account, own + 1);
    this.#lookLater();
    await promise;
    cancel();
    gone.removeEventListener("abort", wake);
    this.#waiters.delete(waiter);
    this.#leave(account);
  }

  /** Nobody waits any more, and nobody begins to. */
  close(): void {
    this.#isClosed = true;
    this.#cancelLook?.();
    for (const { wake } of this.#waiters) wake();
  }

  #leave(account: string): void {
    const others = (this.#perAccount.get(account) ?? 1) - 1;
    if (others === 0) this.#perAccount.delete(account);
    else this.#perAccount.set(account, others);
  }

  #lookLater(): void {
    if (this.#isClosed || this.#waiters.size === 0) return;
    this.#cancelLook ??= this.#schedule(LOOK_EVERY, () => void this.#look());
  }

  async #look(): Promise<void> {
    const asked = [...this.#waiters];
    try {
      const found = asked.length === 0 ? [] : await this.#options.reader.whoHasMore(asked);
      for (const index of found) asked[index]?.wake();
    } catch (error) {
      this.#options.onFailure(error);
    }
    this.#cancelLook = undefined;
    this.#lookLater();
  }
}

function tooMany(): RegistryError {
  return new RegistryError(
    "TOOMANYREQUESTS",
    "too many readers wait for events; try again, or without wait",
    {
      facts: { retryAfter: 5 },
    },
  );
}
