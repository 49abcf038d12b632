import { expect, test, vi } from "vitest";
import { Turns } from "../../src/kernel/turns.ts";

test("pieces of work that take long are done in several turns, in order, whoever does them", async () => {
  let now = 0;
  vi.spyOn(performance, "now").mockImplementation(() => now);
  const turns = new Turns();
  const [done, others]: [number[], number[]] = [[], []];
  const serveOthers = (): void => {
    others.push(done.length);
    if (done.length < 20) setImmediate(serveOthers);
  };
  setImmediate(serveOthers);
  await Promise.all(
    Array.from({ length: 20 }, async (_, at) => {
      await undefined;
      await turns.run(() => {
        now += 4;
        done.push(at);
      });
    }),
  );
  vi.restoreAllMocks();
  expect(done).toEqual(Array.from({ length: 20 }, (_, at) => at));
  // Never more than the three that fill a turn.
  const each = others.map((count, at) => count - (others[at - 1] ?? 0));
  expect(Math.max(...each)).toBeLessThanOrEqual(3);
});
