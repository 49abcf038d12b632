import { execFile } from "node:child_process";
import { readdir, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Options } from "../options.ts";
import type { Fixtures } from "../scenarios/fixtures.ts";
import type { Scenario } from "../scenarios/scenario.ts";
import type { Target } from "../targets/target.ts";
import { readCpu } from "./cpu.ts";
import { type Load, loadFor, loadOf, type Operation } from "./load.ts";

/** One scenario on one target, once. */
export interface Measurement {
  /** In the scenario's unit. */
  readonly value: number;
  readonly operations: number;
  readonly seconds: number;
  /** CPU seconds of the server for one operation, or for one GB where the unit is MB/s. */
  readonly serverCpu: number | undefined;
  /** Cores, on average: the generator's, and those of neither generator nor server (the machine's noise). */
  readonly generatorCores: number;
  readonly otherCores: number | undefined;
}

const PAUSE = 200;

/** @throws Error of the first request that fails */
export async function measure(
  scenario: Scenario,
  target: Target,
  fixtures: Fixtures,
  options: Pick<Options, "seconds" | "warmUp">,
): Promise<Measurement> {
  const { users, count } = scenario;
  const operation = await scenario.prepare(fixtures);
  if (count === undefined) await loadFor(target, users, options.warmUp, operation);
  else if (scenario.leavesBigFiles === undefined) await loadOf(target, users, count, operation);
  // What one target has not written yet must not slow the next one down.
  await promisify(execFile)("sync");
  await new Promise((resolve) => setTimeout(resolve, PAUSE));
  const run = (): Promise<Load> =>
    count === undefined
      ? loadFor(target, users, options.seconds, operation)
      : loadOf(target, users, count, operation);
  const begun = Date.now();
  const result = await account(scenario, target, run);
  if (scenario.leavesBigFiles === true && target.folder !== undefined) {
    await removeBigFiles(target.folder, begun, fixtures.shared.sizes.bigLayer);
  }
  return result;
}

async function account(scenario: Scenario, target: Target, run: () => Promise<Load>): Promise<Measurement> {
  const before = readCpu(target.processes);
  const { operations, bytes, seconds } = await run();
  const after = readCpu(target.processes);
  const generator = after.generator - before.generator;
  const server =
    after.server === undefined || before.server === undefined ? undefined : after.server - before.server;
  const others = after.machine - before.machine - generator - (server ?? 0);
  const isData = scenario.unit === "MB/s";
  return {
    value: (isData ? bytes / 1e6 : operations) / seconds,
    operations,
    seconds,
    serverCpu: server === undefined ? undefined : server / (isData ? bytes / 1e9 : operations),
    generatorCores: generator / seconds,
    otherCores: server === undefined ? undefined : Math.max(0, others / seconds),
  };
}

/** Nobody will ask for them again, and a whole run would leave tens of gigabytes. */
async function removeBigFiles(folder: string, since: number, size: number): Promise<void> {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const facts = await stat(path).catch(() => undefined);
    if (facts !== undefined && facts.size === size && facts.mtimeMs >= since) await unlink(path);
  }
}

export type { Operation };
