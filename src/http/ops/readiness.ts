import { type FailureClass, failureClassOf } from "./failure-class.ts";

/** One thing that answers depend on. */
export interface Check {
  /** Resolves when it is there; rejects with why it is not. */
  readonly probe: () => Promise<unknown>;
  /** Whether no request can be answered without it; else it is told, and the rest goes on. */
  readonly isEssential: boolean;
  /** Milliseconds for which what was found is believed: anybody may ask, and a look costs something. */
  readonly remember: number;
}

/** How it is with everything that answers depend on, by name. */
export interface ReadinessReport {
  readonly isReady: boolean;
  readonly checks: Readonly<Record<string, "ok" | "failed">>;
  /** Why, of those that failed. */
  readonly reasons: Readonly<Record<string, FailureClass>>;
}

/** What one look found; the error is for the log alone. */
interface Finding {
  readonly reason: FailureClass | undefined;
  readonly error: unknown;
}

/** Told when a check begins to fail (with why), and when it has passed again. */
export type OnReadinessChange = (check: string, reason: FailureClass | undefined, error: unknown) => void;

/** Milliseconds after which a check that does not answer has failed. */
const PATIENCE = 3_000;

/** Looks at what answers depend on, as seldom as the checks allow; who asks meanwhile shares the look. */
export class Readiness {
  readonly #checks: Readonly<Record<string, Check>>;
  readonly #onChange: OnReadinessChange;
  readonly #looks = new Map<string, { readonly until: number; readonly finding: Promise<Finding> }>();
  readonly #failing = new Set<string>();

  constructor(checks: Readonly<Record<string, Check>>, onChange: OnReadinessChange) {
    this.#checks = checks;
    this.#onChange = onChange;
  }

  async report(): Promise<ReadinessReport> {
    const found = await Promise.all(
      Object.entries(this.#checks).map(async ([name, check]) => {
        const { reason } = await this.#look(name, check);
        return { name, reason, isEssential: check.isEssential };
      }),
    );
    return {
      isReady: found.every(({ reason, isEssential }) => reason === undefined || !isEssential),
      checks: Object.fromEntries(
        found.map(({ name, reason }) => [name, reason === undefined ? "ok" : "failed"]),
      ),
      reasons: Object.fromEntries(
        found.flatMap(({ name, reason }) => (reason === undefined ? [] : [[name, reason]])),
      ),
    };
  }

  #look(name: string, check: Check): Promise<Finding> {
    const now = performance.now();
    const last = this.#looks.get(name);
    if (last !== undefined && now < last.until) return last.finding;
    const finding = findingOf(check).then((found) => {
      this.#tell(name, found);
      return found;
    });
    this.#looks.set(name, { until: now + check.remember, finding });
    return finding;
  }

  #tell(name: string, { reason, error }: Finding): void {
    if (this.#failing.has(name) === (reason !== undefined)) return;
    if (reason === undefined) this.#failing.delete(name);
    else this.#failing.add(name);
    this.#onChange(name, reason, error);
  }
}

async function findingOf({ probe }: Check): Promise<Finding> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Finding>((resolve) => {
    timer = setTimeout(() => resolve({ reason: "timeout", error: undefined }), PATIENCE);
  });
  const asked = probe().then(
    () => ({ reason: undefined, error: undefined }),
    (error: unknown) => ({ reason: failureClassOf(error), error }),
  );
  return Promise.race([asked, late]).finally(() => clearTimeout(timer));
}
