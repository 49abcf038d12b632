/** Where a child is to kill itself: when it reaches the step of this name for the nth time. */
export interface CrashPoint {
  readonly step: string;
  readonly nth: number;
}

/**
 * The steps that a child has gone through since it was armed, in order. Reaching the one where it is to die ends the
 * process within the call: no line of it runs any more.
 */
export class Steps {
  readonly reached: string[] = [];
  #armed = false;
  #point: CrashPoint | undefined;
  #attempts = 0;

  /** Without a point nothing is killed and the steps are only noted. */
  arm(point: CrashPoint | undefined): void {
    this.#armed = true;
    this.#point = point;
  }

  /** Steps that recur are told apart by the upload attempt that they belong to. */
  beginAttempt(): void {
    if (this.#armed) this.#attempts++;
  }

  get attempt(): string {
    return `of attempt ${this.#attempts}`;
  }

  reach(step: string): void {
    if (!this.#armed) return;
    this.reached.push(step);
    if (this.#point?.step !== step) return;
    if (this.reached.filter((reached) => reached === step).length === this.#point.nth)
      process.kill(process.pid, "SIGKILL");
  }

  /** The call between two steps. */
  async around<T>(step: string, call: () => Promise<T>): Promise<T> {
    this.reach(`before ${step}`);
    const result = await call();
    this.reach(`after ${step}`);
    return result;
  }
}

/** Occurrences of one step that are tried when it recurs more often. */
const OCCURRENCES_MAX = 3;

/** Every step, where recurring ones (the writes of a big body) are tried first, in the middle and late. */
export function allPoints(reached: readonly string[]): readonly CrashPoint[] {
  const counts = Map.groupBy(reached, (step) => step);
  return [...counts].flatMap(([step, { length }]) =>
    occurrences(length).map((nth): CrashPoint => ({ step, nth })),
  );
}

/** Late, not last: a body may come in fewer chunks the next time. */
function occurrences(count: number): readonly number[] {
  if (count <= OCCURRENCES_MAX) return Array.from({ length: count }, (_, at) => at + 1);
  return [1, Math.ceil(count / 2), Math.ceil(count * 0.8)];
}

/**
 * The points at which something has changed outside the process since the point before: a kill between two of them
 * leaves behind what a kill at the earlier one does. These are the first step, whatever ends a call, and the moment
 * before a COMMIT, when a transaction holds its locks. A call on the storage changes nothing but by the calls within
 * it: where those are known, to the file system or to S3, they are tried in its place.
 */
export function distinctPoints(reached: readonly string[], knowsInner: boolean): readonly CrashPoint[] {
  const distinct = new Set(
    reached.filter((step, at) => {
      if (at === 0 || step.startsWith("before COMMIT")) return true;
      return step.startsWith("after ") && !(knowsInner && step.startsWith("after storage"));
    }),
  );
  return allPoints(reached).filter(({ step }) => distinct.has(step));
}

/** Points within transactions, of which nothing may be seen: the first time that each is reached. */
export function pointsWithin(reached: readonly string[]): readonly CrashPoint[] {
  return [...new Set(reached)].filter((step) => step.startsWith("within ")).map((step) => ({ step, nth: 1 }));
}
