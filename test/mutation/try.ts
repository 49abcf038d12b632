import type { Chosen } from "./choose.ts";
import { apply } from "./mutant.ts";
import type { Judges } from "./reach/judges.ts";
import type { Bench } from "./run/bench.ts";
import type { Outcome } from "./run/messages.ts";

export interface Verdict {
  readonly mutant: Chosen;
  readonly noticed: boolean;
  /** The test that noticed the change, or why there was none. */
  readonly by: string;
  readonly seconds: number;
}

/** Which tests are begun together: most changes are noticed by one of the most promising, whose order is kept. */
const GROUPS = [[0, 1], [1, 2], [2, 3], [3, 6], [6]] as const;
/** Milliseconds that the tests of a change may take beyond what they take without it, times the load of the machine. */
const START = 45_000;
const LOAD = 8;

/** Makes the change in the bench's copy, runs the tests that may notice it, and takes it back. */
export async function tryMutant(
  mutant: Chosen,
  { copy, tests }: Bench,
  judges: Judges,
  most: number,
): Promise<Verdict> {
  const started = performance.now();
  const verdict = (noticed: boolean, by: string): Verdict => {
    return { mutant, noticed, by, seconds: (performance.now() - started) / 1000 };
  };
  const chosen = judges.of(mutant, most);
  if (chosen.length === 0) return verdict(false, "no test calls it");
  const text = await copy.read(mutant.file);
  await copy.write(mutant.file, apply(text, mutant));
  try {
    const outcome = await confirmed(chosen, (judging) => {
      const limit = START + LOAD * Math.ceil(judges.millisecondsOf(judging));
      return tests.run({ changed: [mutant.file], groups: groupsOf(judging) }, limit);
    });
    if (outcome === undefined) return verdict(true, "the tests did not end");
    const failed = outcome.files.find(({ passed }) => !passed);
    if (failed !== undefined) {
      judges.noticed(failed.test, mutant.file);
      return verdict(true, `${failed.test}: ${failed.failure}`);
    }
    if (outcome.errors.length === 0 && outcome.files.length < chosen.length)
      throw new Error(`of ${chosen.join(", ")} not all have run`);
    return outcome.errors.length > 0
      ? verdict(true, outcome.errors[0] ?? "")
      : verdict(false, `${outcome.files.length} test files passed, ${chosen[0]} first`);
  } finally {
    await copy.write(mutant.file, text);
    await tests.run({ changed: [mutant.file], groups: [] }, START);
  }
}

/** What the tests say. One that took too long says nothing the first time: it and those after it are run once more. */
async function confirmed(
  chosen: readonly string[],
  run: (tests: readonly string[]) => Promise<Outcome | undefined>,
): Promise<Outcome | undefined> {
  const first = await run(chosen);
  const isLate = first === undefined || first.files.some(({ timedOut = false }) => timedOut);
  if (!isLate) return first;
  const passed = first?.files.filter((file) => file.passed) ?? [];
  const rest = chosen.filter((test) => !passed.some((file) => file.test === test));
  const second = await run(rest);
  return second && { ...second, files: [...passed, ...second.files] };
}

function groupsOf(tests: readonly string[]): readonly (readonly string[])[] {
  return GROUPS.map(([from, to]) => tests.slice(from, to)).filter((group) => group.length > 0);
}
