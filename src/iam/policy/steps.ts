/**
 * Steps that one decision may take: about a character compared each. Policies of usual size take some hundreds; the most
 * that fits here takes a few milliseconds.
 */
export const STEPS_MAX = 1_000_000;

/** A decision takes more steps than it may. */
export class StepsExceededError extends Error {
  override readonly name = "StepsExceededError";
}

/** Counts what the comparisons of one decision cost, so that no policy and no request can make it long. */
export class Steps {
  readonly #max: number;
  #taken = 0;

  constructor(max: number = STEPS_MAX) {
    this.#max = max;
  }

  get taken(): number {
    return this.#taken;
  }

  /** @throws StepsExceededError */
  take(steps: number): void {
    this.#taken += steps;
    if (this.#taken > this.#max) throw new StepsExceededError(`more than ${this.#max} steps`);
  }
}
