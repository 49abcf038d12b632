/** Milliseconds after which work lets others have their turn. */
const TURN = 10;

/**
 * Divides work that never waits for anything into turns, however many callers do it at once: between two of them timers,
 * connections and everybody else are served.
 */
export class Turns {
  /** When the present turn began; undefined before the first piece of work in it. */
  #began: number | undefined;

  /**
   * Does one piece of work in this turn if there is time left, else in a later one. Time is looked at and the work done in
   * one step: of many who were let in before the first of them began, all would work in its turn.
   */
  async run<Result>(work: () => Result): Promise<Result> {
    while (this.#began !== undefined && performance.now() - this.#began >= TURN) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#begin();
    return work();
  }

  #begin(): void {
    if (this.#began !== undefined) return;
    this.#began = performance.now();
    setImmediate(() => {
      this.#began = undefined;
    });
  }
}
