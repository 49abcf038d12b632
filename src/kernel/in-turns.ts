import type { Turns } from "./turns.ts";

/** Milliseconds of one piece of work that is made of many small steps. */
const PIECE = 5;

/** Does work whose steps take well below a millisecond each, so that others have their turn between pieces of it. */
export async function inTurns<Result>(work: Generator<void, Result>, turns: Turns): Promise<Result> {
  for (;;) {
    const step = await turns.run(() => {
      const end = performance.now() + PIECE;
      let next = work.next();
      while (next.done !== true && performance.now() < end) next = work.next();
      return next;
    });
    if (step.done === true) return step.value;
  }
}
