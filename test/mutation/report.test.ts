import { expect, test } from "vitest";
import { chooseMutants } from "./choose.ts";
import { readOptions } from "./options.ts";
import { renderReport } from "./report.ts";
import type { Verdict } from "./try.ts";

/** Verdicts on changes of a folder, of which so many were noticed. */
function verdicts(folder: string, tried: number, noticed: number): readonly Verdict[] {
  const mutant = { folder, among: 321, file: `${folder}/a.ts`, line: 7, before: "a < b", after: "a <= b" };
  const change = { start: 0, end: 0, replacement: "", kind: "comparison", name: "0123abcd" };
  return Array.from({ length: tried }, (_, at) => ({
    ...{ mutant: { ...mutant, ...change }, noticed: at < noticed, by: "a test", seconds: 1 },
  }));
}

test("a run passes when each folder has the share noticed that is asked for", () => {
  const good = [...verdicts("src/a", 40, 34), ...verdicts("src/b", 20, 20)];
  const options = { threshold: 85, seed: "monday" };
  const { text, passed } = renderReport(good, options);
  expect(passed).toBe(true);
  expect(text).toMatch(/src\/a +34\/40 +321 +85\.0 %/);
  expect(text).toContain("src/a/a.ts:7 not noticed (comparison, 0123abcd; a test)\n  - a < b\n  + a <= b");
  expect(text).toContain("monday");
  const short = renderReport([...good, ...verdicts("src/c", 40, 33)], options);
  expect(short.passed).toBe(false);
  expect(short.text).toMatch(/src\/c +33\/40 .* below the threshold/);
});

test("a draw has as many changes as are asked for, the same for the same seed, or all", () => {
  const draw = (...args: string[]) =>
    chooseMutants(readOptions(["--files", "src/gc", ...args])).map(({ name }) => name);
  const some = draw("--mutants", "10", "--seed", "a");
  expect(some).toHaveLength(10);
  expect(draw("--mutants", "10", "--seed", "a")).toEqual(some);
  expect(draw("--mutants", "10", "--seed", "b")).not.toEqual(some);
  const all = draw("--all");
  expect(all.length).toBeGreaterThan(40);
  expect(all).toEqual(expect.arrayContaining(some));
  expect(draw("--only", some.slice(0, 2).join())).toEqual(some.slice(0, 2));
});

test("a folder with nothing to change is a mistake, and does not pass", () => {
  expect(() => chooseMutants(readOptions(["--files", "src/no-such-folder"]))).toThrow("src/no-such-folder");
});
