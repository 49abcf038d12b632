import { LRUCache } from "lru-cache";
import type { AccountVersion, PrincipalPolicyStore } from "../principals/principal-policies.ts";

/**
 * Milliseconds for which a version is believed. A change of any policy, key, user, session or account is in force on
 * every node after this long at the latest, and at once in the process that made it.
 */
export const VERSION_BELIEVED = 500;
const ACCOUNTS_MAX = 10_000;

interface Reading {
  readonly at: number;
  readonly version: Promise<AccountVersion | undefined>;
  /** Once it has been read, of an account that is there and enabled. */
  found: number | undefined;
}

/** How far each account has changed: what every cached decision and credential is held against. */
export class AccountVersions {
  readonly #store: Pick<PrincipalPolicyStore, "versions">;
  readonly #readings = new LRUCache<string, Reading>({ max: ACCOUNTS_MAX });

  constructor(store: Pick<PrincipalPolicyStore, "versions">) {
    this.#store = store;
  }

  /** What {@link of} says, where that is known without waiting. */
  believed(account: string): number | undefined {
    const known = this.#readings.get(account);
    return known !== undefined && performance.now() - known.at < VERSION_BELIEVED ? known.found : undefined;
  }

  /** Undefined when there is no such account, or it is disabled. */
  async of(account: string): Promise<number | undefined> {
    const known = this.#readings.get(account);
    const found = await (known !== undefined && performance.now() - known.at < VERSION_BELIEVED
      ? known.version
      : this.#read(account));
    return found === undefined || found.disabled ? undefined : found.version;
  }

  /** Of an account that this process has changed: whoever asks from now on learns of the change. */
  forget(account: string): void {
    this.#readings.delete(account);
  }

  #read(account: string): Promise<AccountVersion | undefined> {
    const version = this.#store.versions([account]).then((found) => found.get(account));
    const reading: Reading = { at: performance.now(), version, found: undefined };
    this.#readings.set(account, reading);
    version.then(
      (found) => {
        reading.found = found?.disabled === false ? found.version : undefined;
      },
      // A reading that failed tells nothing: the next request asks again.
      () => {
        if (this.#readings.get(account) === reading) this.#readings.delete(account);
      },
    );
    return version;
  }
}
