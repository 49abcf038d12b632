import { randomBytes } from "node:crypto";
import { LRUCache } from "lru-cache";
import type { Authorizer, Decision, Denial, RequestContext } from "../authorizer.ts";
import type { Principal } from "../principal.ts";

/** A denial as it is kept. */
export interface KeptDenial {
  readonly id: string;
  readonly at: Date;
  /** Of the principal. */
  readonly account: string;
  readonly principal: string;
  readonly accessKeyId: string;
  readonly action: string;
  readonly resource: string;
  readonly sourceIp: string;
  readonly userAgent: string;
  readonly secureTransport: boolean;
  readonly conditions: Readonly<Record<string, readonly string[]>>;
  /** What the principal was told. */
  readonly reason: string;
}

export interface DenialStore {
  /** Keeps them all and forgets some of those from before `forgetBefore`. */
  keep(denials: readonly KeptDenial[], forgetBefore: Date): Promise<void>;
  find(id: string): Promise<KeptDenial | undefined>;
}

/** Milliseconds for which denials are kept. */
const KEPT = 7 * 24 * 3_600_000;
/** Denials of one principal from one address in a minute that are kept: a scanner must not fill the disk. */
export const KEPT_PER_MINUTE = 100;
/** Pairs of principal and address that are counted. */
const COUNTED_MAX = 10_000;
/** Denials that wait to be written, while the database does not answer. */
const WAITING_MAX = 10_000;
const BATCH_MAX = 1_000;
/** Milliseconds from a denial to its row: whoever reads the answer asks at once. */
const WRITE_AFTER = 250;
/** The same after a failure. */
const RETRY_AFTER = 5_000;
const USER_AGENT_MAX = 512;

/** Keeps denials outside of the requests that they end: in memory first, written in batches. */
export class DenialRecorder {
  readonly #store: Pick<DenialStore, "keep">;
  readonly #onError: (error: Error) => void;
  readonly #counts = new LRUCache<string, { readonly minute: number; kept: number }>({ max: COUNTED_MAX });
  #waiting: KeptDenial[] = [];
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;
  #dropped = 0;

  constructor(store: Pick<DenialStore, "keep">, onError: (error: Error) => void) {
    this.#store = store;
    this.#onError = onError;
  }

  /** Denials that were not kept. */
  get dropped(): number {
    return this.#dropped;
  }

  /** The id by which the denial is found; undefined when it is not kept: nobody's, or one too many. */
  note({ principal, action, resource, context, reason }: Denial): string | undefined {
    if (principal.kind === "anonymous") return undefined;
    // A role's sessions count as one: their names are for the caller to choose.
    const who = principal.kind === "session" ? principal.role : principal.arn;
    if (this.#waiting.length >= WAITING_MAX || !this.#count(`${who}\n${context.sourceIp}`, context.time)) {
      this.#dropped++;
      return undefined;
    }
    const id = randomBytes(8).toString("hex");
    this.#waiting.push({
      ...{ id, at: context.time, account: principal.account, principal: principal.arn },
      ...{ accessKeyId: principal.accessKeyId, action, resource, reason },
      ...{ sourceIp: context.sourceIp, userAgent: context.userAgent.slice(0, USER_AGENT_MAX) },
      ...{ secureTransport: context.secureTransport, conditions: context.conditions ?? {} },
    });
    this.#schedule(WRITE_AFTER);
    return id;
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
    return ++count.kept <= KEPT_PER_MINUTE;
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
    const newest = batch.at(-1)?.at ?? new Date(0);
    await this.#store.keep(batch, new Date(newest.getTime() - KEPT));
    this.#waiting = this.#waiting.slice(batch.length);
  }
}

/** Decides as another authorizer does, and keeps the denials that requests end with. */
export class RecordingAuthorizer implements Authorizer {
  readonly #authorizer: Authorizer;
  readonly #recorder: DenialRecorder;

  constructor(authorizer: Authorizer, recorder: DenialRecorder) {
    this.#authorizer = authorizer;
    this.#recorder = recorder;
  }

  decide(principal: Principal, action: string, resource: string, context: RequestContext): Promise<Decision> {
    return this.#authorizer.decide(principal, action, resource, context);
  }

  keepDenial(denial: Denial): string | undefined {
    return this.#recorder.note(denial);
  }
}
