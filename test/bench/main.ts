import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { reportAccess } from "./access/report.ts";
import { measureAll, type Series } from "./measure/rounds.ts";
import { HELP, type Options, readOptions } from "./options.ts";
import { renderProfiles } from "./profile.ts";
import { reportQueries } from "./report/report.ts";
import { renderResults } from "./results.ts";
import { chooseScenarios, SCENARIOS } from "./scenarios/index.ts";
import { reportSize } from "./size/report.ts";
import { stopServers } from "./targets/server-process.ts";
import { defaultTargets, runningTarget, startTarget } from "./targets/start.ts";
import type { Target } from "./targets/target.ts";

/** What has to be undone at the end, latest first, however it comes. */
const cleanUp = new AsyncDisposableStack();
const interruption = new AbortController();
for (const [signal, code] of [["SIGINT", 130] as const, ["SIGTERM", 143] as const]) {
  process.once(signal, () => {
    interruption.abort(new Error(`interrupted by ${signal}`));
    void cleanUp.disposeAsync().finally(() => process.exit(code));
  });
}

try {
  await main(readOptions(process.argv.slice(2)));
} catch (error) {
  process.exitCode = 1;
  if (!interruption.signal.aborted)
    process.stderr.write(`bench: ${error instanceof Error ? error.message : error}\n`);
} finally {
  await cleanUp.disposeAsync();
}

async function main(options: Options): Promise<void> {
  if (options.help) {
    const names = SCENARIOS.map(({ name, about }) => `  ${name.padEnd(22)} ${about}\n`);
    process.stdout.write(`${HELP}\nScenarios:\n${names.join("")}`);
    return;
  }
  const work = await mkdtemp(join(options.data, "berth-bench-"));
  cleanUp.defer(() => rm(work, { recursive: true, force: true }));
  cleanUp.defer(stopServers);
  if (options.access) process.stdout.write(await reportAccess(options, work, cleanUp, progress));
  else if (options.size) process.stdout.write(await reportSize(options, work, cleanUp, progress));
  else if (options.report) process.stdout.write(await reportQueries(options, work, cleanUp));
  else await compare(options, work);
}

async function compare(options: Options, work: string): Promise<void> {
  const scenarios = chooseScenarios(options.scenarios);
  const targets: Target[] = options.running.map(({ name, url }) =>
    runningTarget(name, url, options.credentials),
  );
  const servers = cleanUp.use(new AsyncDisposableStack());
  const names = options.targets ?? (targets.length > 0 ? [] : defaultTargets());
  for (const name of names) {
    const target = await startTarget(name, options, work);
    servers.defer(() => target.stop());
    targets.push(target);
  }
  const all = await measureAll(scenarios, targets, options, progress);
  await servers.disposeAsync();
  process.stdout.write(renderResults(all, targets, options.rounds));
  if (options.cpuProfiles !== undefined) process.stdout.write(await renderProfiles(options.cpuProfiles));
  if (options.json !== undefined) await writeFile(options.json, toJson(all, targets, options));
  if (all.some(({ failure }) => failure !== undefined)) process.exitCode = 1;
}

function progress(line: string): void {
  interruption.signal.throwIfAborted();
  process.stderr.write(`${line}\n`);
}

function toJson(
  all: readonly Series[],
  targets: readonly Target[],
  { rounds, seconds, sizes }: Options,
): string {
  const series = all.map(({ scenario: { name, unit }, target, measurements, failure }) => ({
    ...{ scenario: name, unit, target: target.name, measurements, failure },
  }));
  const run = { date: new Date().toISOString(), node: process.version, rounds, seconds, sizes };
  const notes = targets.map(({ name, note }) => ({ name, note }));
  return `${JSON.stringify({ ...run, targets: notes, series }, undefined, 2)}\n`;
}
