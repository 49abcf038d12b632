import { LISTS } from "./lists.ts";
import { READS } from "./reads.ts";
import type { Scenario } from "./scenario.ts";
import { TRANSFERS } from "./transfers.ts";

export const SCENARIOS: readonly Scenario[] = [...READS, ...TRANSFERS, ...LISTS];

/** Those named, in the order of {@link SCENARIOS}. @throws Error for a name that is none */
export function chooseScenarios(names: readonly string[] | undefined): readonly Scenario[] {
  if (names === undefined) return SCENARIOS;
  const unknown = names.find((name) => !SCENARIOS.some((scenario) => scenario.name === name));
  if (unknown !== undefined) throw new Error(`there is no scenario ${unknown}; see --help`);
  return SCENARIOS.filter(({ name }) => names.includes(name));
}
