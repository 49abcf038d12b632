import { expect, test } from "vitest";
import { startLoop } from "../../src/workers/loop.ts";

/** Rounds that end as the test says, and a promise of the n-th. */
function rounds(outcomes: readonly (boolean | Error)[]) {
  let count = 0;
  const reached = outcomes.map(() => Promise.withResolvers<void>());
  return {
    count: () => count,
    reached: (round: number) => reached[round - 1]?.promise,
    async round(): Promise<boolean> {
      const outcome = outcomes[count] ?? false;
      reached[count++]?.resolve();
      if (outcome instanceof Error) throw outcome;
      return outcome;
    },
  };
}

const FOREVER = 1_000_000_000;

test("a round that left work behind is followed by the next at once; one that did not, by a pause", async () => {
  const work = rounds([true, true, true, false]);
  const loop = startLoop({
    round: work.round,
    pause: FOREVER,
    pauseMax: FOREVER,
    onFailure: () => undefined,
  });
  await work.reached(4);
  await loop.stop();
  expect(work.count()).toBe(4);
});

test("a round that fails is told of, and the loop goes on", async () => {
  const failure = new Error("the database is away");
  const failures: unknown[] = [];
  const work = rounds([failure, failure, true, false]);
  const loop = startLoop({
    round: work.round,
    pause: 1,
    pauseMax: 2,
    onFailure: (error) => failures.push(error),
  });
  await work.reached(4);
  await loop.stop();
  expect(failures).toEqual([failure, failure]);
});

test("stop waits for the round under way and ends a pause at once", async () => {
  const begun = Promise.withResolvers<void>();
  const end = Promise.withResolvers<boolean>();
  let ended = false;
  const loop = startLoop({
    async round() {
      begun.resolve();
      const more = await end.promise;
      ended = true;
      return more;
    },
    pause: FOREVER,
    pauseMax: FOREVER,
    onFailure: () => undefined,
  });
  await begun.promise;
  const stopped = loop.stop();
  end.resolve(true);
  await stopped;
  expect(ended).toBe(true);
});
