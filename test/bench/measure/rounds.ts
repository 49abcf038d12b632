import type { Options } from "../options.ts";
import { Fixtures, SharedContent } from "../scenarios/fixtures.ts";
import type { Scenario } from "../scenarios/scenario.ts";
import type { Target } from "../targets/target.ts";
import { type Measurement, measure } from "./measurement.ts";
import { short } from "./statistics.ts";

/** Everything that was measured of one scenario on one target. */
export interface Series {
  readonly scenario: Scenario;
  readonly target: Target;
  readonly measurements: readonly Measurement[];
  /** Why there are no more; the scenario was given up for this target. */
  readonly failure: string | undefined;
}

/**
 * Scenario by scenario, all targets in turn, several rounds: first to last, then last to first, so that neither what came
 * before nor a drift of the machine favours one of them.
 */
export async function measureAll(
  scenarios: readonly Scenario[],
  targets: readonly Target[],
  options: Options,
  progress: (line: string) => void,
): Promise<readonly Series[]> {
  const shared = new SharedContent(options.sizes);
  const fixtures = new Map(targets.map((target) => [target, new Fixtures(target, shared)]));
  const all: Series[] = [];
  for (const scenario of scenarios) {
    const series = targets.map((target) => new GrowingSeries(scenario, target));
    for (let round = 0; round < options.rounds; round++) {
      for (const one of round % 2 === 0 ? series : series.toReversed()) {
        const own = fixtures.get(one.target);
        if (one.failure !== undefined || own === undefined) continue;
        await one.add(() => measure(scenario, one.target, own, options));
        progress(`${scenario.name.padEnd(20)} ${one.target.name.padEnd(14)} ${one.latest()}`);
      }
    }
    all.push(...series);
  }
  return all;
}

class GrowingSeries implements Series {
  readonly scenario: Scenario;
  readonly target: Target;
  readonly measurements: Measurement[] = [];
  failure: string | undefined;

  constructor(scenario: Scenario, target: Target) {
    this.scenario = scenario;
    this.target = target;
  }

  async add(measurement: () => Promise<Measurement>): Promise<void> {
    try {
      this.measurements.push(await measurement());
    } catch (error) {
      this.failure = error instanceof Error ? error.message : String(error);
    }
  }

  latest(): string {
    if (this.failure !== undefined) return `FAILED: ${this.failure}`;
    const { value, generatorCores, otherCores } = this.measurements.at(-1) ?? {};
    return `${short(value).padStart(8)} ${this.scenario.unit}  (generator ${short(generatorCores)}, others ${short(otherCores)} cores)`;
  }
}
