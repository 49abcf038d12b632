import { type Chosen, chooseMutants } from "./choose.ts";
import { HELP, type Options, readOptions } from "./options.ts";
import { Judges } from "./reach/judges.ts";
import { measureReach } from "./reach/reach.ts";
import { ReachStore } from "./reach/store.ts";
import { renderReport } from "./report.ts";
import { Bench } from "./run/bench.ts";
import { Copy } from "./run/copy.ts";
import { openServer } from "./run/database.ts";
import { tryMutant, type Verdict } from "./try.ts";

/** What has to be undone at the end, latest first, however it comes. */
const cleanUp = new AsyncDisposableStack();
let interrupted = false;
for (const [signal, code] of [["SIGINT", 130] as const, ["SIGTERM", 143] as const])
  process.once(signal, () => {
    interrupted = true;
    void cleanUp.disposeAsync().finally(() => process.exit(code));
  });

try {
  await main(readOptions(process.argv.slice(2)));
} catch (error) {
  process.exitCode = 1;
  if (!interrupted) process.stderr.write(`mutation: ${error instanceof Error ? error.stack : error}\n`);
} finally {
  await cleanUp.disposeAsync();
}

async function main(options: Options): Promise<void> {
  if (options.help) return say(HELP);
  const mutants = chooseMutants(options);
  if (options.list)
    return say(
      mutants
        .map(({ name, file, line, kind, after }) => `${name} ${file}:${line} ${kind}: ${after}`)
        .join("\n"),
    );
  const verdicts = await tryAll(mutants, options);
  const { text, passed } = renderReport(verdicts, options);
  say(text);
  if (!passed) process.exitCode = 1;
}

async function tryAll(mutants: readonly Chosen[], options: Options): Promise<readonly Verdict[]> {
  const store = await ReachStore.open();
  const copy = await Copy.make();
  cleanUp.defer(() => copy.remove());
  // The checkout may be worked on meanwhile: from here on all is read from the copy.
  process.chdir(copy.folder);
  const server = await openServer();
  cleanUp.defer(() => server.stop());
  const measuring = { copy, store, databaseUrl: server.url, progress };
  const judges = new Judges(await measureReach(measuring, options));
  const benches = await Promise.all(
    Array.from({ length: options.workers }, async () => {
      const bench = await Bench.open(copy, server.url);
      cleanUp.defer(() => bench.close());
      return bench;
    }),
  );
  const verdicts: Verdict[] = [];
  const rest = mutants.values();
  const work = async (bench: Bench): Promise<void> => {
    for (const mutant of rest) {
      const verdict = await tryMutant(mutant, bench, judges, options.tests);
      verdicts.push(verdict);
      progress(`${verdicts.length}/${mutants.length} ${lineOf(verdict)}`);
    }
  };
  await Promise.all(benches.map(work));
  return verdicts.toSorted((a, b) => mutants.indexOf(a.mutant) - mutants.indexOf(b.mutant));
}

function lineOf({ mutant: { file, line, kind, name }, noticed, by, seconds }: Verdict): string {
  return `${noticed ? "noticed    " : "NOT NOTICED"} ${seconds.toFixed(1)} s ${name} ${file}:${line} ${kind}: ${by}`;
}

function progress(line: string): void {
  process.stderr.write(`${line}\n`);
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
