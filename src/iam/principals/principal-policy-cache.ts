import type { Clock } from "../../registry/clock.ts";
import type { AttachedPolicy } from "../policy/access.ts";
import { DocumentHolders } from "./document-holders.ts";
import type { PolicySubject, PrincipalPolicies, PrincipalPolicyStore } from "./principal-policies.ts";

const SIZE = { entries: 10_000, characters: 4 * 1024 * 1024 };

/**
 * Policies of principals, good for as long as the version of the account stays. Nothing here expires by time but
 * sessions: the version that the caller read together with its data says whether an entry is still true.
 */
export class PrincipalPolicyCache {
  readonly #store: PrincipalPolicyStore;
  readonly #clock: Clock;
  readonly #loading = new Map<string, Promise<PrincipalPolicies | undefined>>();
  readonly #known = new DocumentHolders<PrincipalPolicies>(SIZE, documentsOf);

  constructor(store: PrincipalPolicyStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /**
   * `version` is what the caller just read of the account; without it this reads it.
   * @returns undefined when the principal is nobody any more
   */
  async load(subject: PolicySubject, version?: number): Promise<PrincipalPolicies | undefined> {
    const current = version ?? (await this.#versionOf(subject.account));
    if (current === undefined) return undefined;
    const key = `${subject.account}/${subject.uniqueId}/${subject.accessKeyId}`;
    const known = this.#known.get(key);
    const now = this.#clock.now();
    // An entry newer than what the caller read is the better answer.
    if (known !== undefined && known.version >= current) return isOver(known, now) ? undefined : known;
    return this.#shared(key, subject, current, now);
  }

  /**
   * After a change everybody who works asks at once: one look-up serves those that come while it is under way. It may
   * have begun before the change that a late one knows of; then that one looks for itself.
   */
  async #shared(
    key: string,
    subject: PolicySubject,
    wanted: number,
    now: Date,
  ): Promise<PrincipalPolicies | undefined> {
    const underWay = this.#loading.get(key);
    if (underWay !== undefined) {
      const found = await underWay;
      if (found !== undefined && found.version >= wanted) return found;
      // What began since then began after this call did.
      const later = this.#loading.get(key);
      if (later !== undefined) return later;
    }
    const loading = this.#store.load(subject, now);
    this.#loading.set(key, loading);
    try {
      const loaded = await loading;
      if (loaded === undefined) this.#known.delete(key);
      else this.#known.set(key, loaded);
      return loaded;
    } finally {
      if (this.#loading.get(key) === loading) this.#loading.delete(key);
    }
  }

  async #versionOf(account: string): Promise<number | undefined> {
    const found = (await this.#store.versions([account])).get(account);
    return found === undefined || found.disabled ? undefined : found.version;
  }
}

function isOver({ sessionFacts }: PrincipalPolicies, now: Date): boolean {
  return sessionFacts !== undefined && sessionFacts.expiresAt.getTime() <= now.getTime();
}

function documentsOf({ identity, boundary, session }: PrincipalPolicies): readonly AttachedPolicy[] {
  return [...identity, ...(boundary === undefined ? [] : [boundary]), ...session];
}
