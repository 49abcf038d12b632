/** Milliseconds after which work lets others have their turn. */
const TURN = 10;

/**
 * Divides work that never waits for anything into turns, however many callers do it at once: between two of them timers,
 * connections and everybody else are served.
 */
export class Turns {
  /** When the present turn began; undefined before the first piece of work in it. */
  #began: number | undefined;

  /** Before each piece of work: resolves in this turn if there is time left, else in a later one. */
  async take(): Promise<void> {
    while (this.#began !== undefined && performance.now() - this.#began >= TURN) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (this.#began !== undefined) return;
    this.#began = performance.now();
    setImmediate(() => {
      this.#began = undefined;
    });
  }
}
