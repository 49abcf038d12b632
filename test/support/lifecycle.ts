import type { Database } from "../../src/adapters/postgres/database.ts";
import { postgresLifecyclePolicies } from "../../src/adapters/postgres/lifecycle/policies.ts";
import { postgresLifecycleRuns } from "../../src/adapters/postgres/lifecycle/runs.ts";
import { Turns } from "../../src/kernel/turns.ts";
import { type LifecyclePolicyPorts, putLifecyclePolicy } from "../../src/lifecycle/policies.ts";
import { type RunPorts, type RunSettings, runDuePolicy } from "../../src/lifecycle/run.ts";
import { parseRepositoryName } from "../../src/registry/names.ts";
import type { Scope } from "../../src/registry/scope.ts";
import { policyText, type RuleText } from "../lifecycle/builders.ts";
import { CAUSE } from "./cause.ts";
import { HOUR, type ManualClock } from "./clock.ts";

export const RUN_SETTINGS: RunSettings = { unit: "image", interval: HOUR, isStopping: () => false };

/** Lifecycle policies of a registry, which are carried out when a test says so. */
export class TestLifecycle {
  readonly ports: RunPorts & LifecyclePolicyPorts;
  readonly #scope: Scope;

  constructor(owner: { readonly database: Database; readonly clock: ManualClock; readonly scope: Scope }) {
    const { database, clock, scope } = owner;
    const lifecyclePolicies = postgresLifecyclePolicies(database);
    this.ports = { lifecyclePolicies, runs: postgresLifecycleRuns(database), clock, turns: new Turns() };
    this.#scope = scope;
  }

  async put(name: string, ...rules: readonly RuleText[]): Promise<void> {
    await putLifecyclePolicy(this.ports, this.#scope, parseRepositoryName(name), policyText(...rules), CAUSE);
  }

  /** One run of the policy that is due, as its outcome and counts; undefined when none is. */
  async run(settings: Partial<RunSettings> = {}): Promise<object | undefined> {
    const run = await runDuePolicy(this.ports, { ...RUN_SETTINGS, ...settings });
    if (run === undefined) return undefined;
    const { outcome, removed, skipped, transitions } = run;
    return { outcome, removed, skipped, transitions };
  }
}

export const done = (removed: number, more: object = {}): object => ({
  ...{ outcome: "done", removed, skipped: 0, transitions: 0 },
  ...more,
});
