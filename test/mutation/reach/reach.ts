import { globSync } from "node:fs";
import { chmod, mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join, relative } from "node:path";
import { apply, type Edit } from "../mutant.ts";
import type { Copy } from "../run/copy.ts";
import { Tests } from "../run/tests.ts";
import { callMarks, namedFunctions } from "./functions.ts";
import { reaching } from "./imports.ts";
import type { Reached, ReachStore } from "./store.ts";

export type Reach = Readonly<Record<string, Reached>>;

const JUDGES =
  "test/{access,adapters,audit,cli,config,ecr,events,gc,http,iam,kernel,lifecycle,oci,process,races,registry,token,workers}/**/*.test.ts";
const HOUR = 3_600_000;
/** Test files after which what is known so far is kept. */
const PART = 10;

export interface Measuring {
  readonly copy: Copy;
  readonly store: ReachStore;
  readonly databaseUrl: string;
  readonly progress: (line: string) => void;
}

/**
 * What the tests call that can reach the files to be changed: measured for those whose text is new, remembered for the
 * others. Only tests whose path begins with `judges` are looked at.
 */
export async function measureReach(
  measuring: Measuring,
  options: { readonly judges: string; readonly files: readonly string[]; readonly workers: number },
): Promise<Reach> {
  const { copy, store, progress } = measuring;
  const all = globSync(JUDGES).filter((test) => test.startsWith(options.judges));
  const tests = reaching(all.toSorted(), options.files);
  const missing = await unknownOf(store, tests);
  if (missing.length > 0) {
    progress(`Finding out what ${missing.length} of ${tests.length} test files call`);
    await using marked = await markCalls(copy);
    const env = {
      TEST_DATABASE_URL: measuring.databaseUrl,
      BERTH_MUTATION_WORKERS: String(options.workers),
      BERTH_REACH: notesIn(copy),
    };
    const runner = new Tests({ folder: copy.folder, env });
    marked.defer(() => runner.stop());
    for (let start = 0; start < missing.length; start += PART) {
      await measure(measuring, runner, [missing.slice(start, start + PART)]);
      progress(`${Math.min(start + PART, missing.length)}/${missing.length}`);
    }
    // One that failed beside others gets a second chance, alone.
    const failed = await unknownOf(store, missing);
    await measure(
      measuring,
      runner,
      failed.map((test) => [test]),
    );
    for (const test of await unknownOf(store, failed)) progress(`${test} fails as it is, and judges nothing`);
  }
  const found = await Promise.all(tests.map(async (test) => [test, await store.find(test)] as const));
  return Object.fromEntries(found.flatMap(([test, reached]) => (reached ? [[test, reached]] : [])));
}

/** Those that nothing is known of, or that failed when they were measured. */
async function unknownOf(store: ReachStore, tests: readonly string[]): Promise<readonly string[]> {
  const known = await Promise.all(tests.map((test) => store.find(test)));
  return tests.filter((_, at) => known[at]?.passed !== true);
}

async function measure(
  { copy, store }: Measuring,
  runner: Tests,
  groups: readonly (readonly string[])[],
): Promise<void> {
  if (groups.length === 0) return;
  const folder = notesIn(copy);
  await mkdir(folder);
  await chmod(folder, 0o755);
  const outcome = await runner.run({ changed: [], groups, all: true }, HOUR);
  if (outcome === undefined) throw new Error("the tests took more than an hour, or their process ended");
  const notes = await readNotes(copy);
  await rm(folder, { recursive: true });
  for (const { test, milliseconds, passed } of outcome.files)
    await store.keep(test, { milliseconds, passed, functions: passed ? [...new Set(notes.get(test))] : [] });
}

/** Lets every file of the copy say which of its functions are called, until that is disposed of. */
async function markCalls(copy: Copy): Promise<AsyncDisposableStack> {
  const undo = new AsyncDisposableStack();
  const head = { start: 0, end: 0, kind: "mark" };
  const replacement = `import ${JSON.stringify(join(copy.folder, "test/mutation/reach/child-marks.ts"))};`;
  for (const file of globSync("src/**/*.ts", { exclude: ["**/*.d.ts"] })) {
    const text = await copy.read(file);
    const marks = callMarks(namedFunctions(file, text));
    if (marks.length === 0) continue;
    await copy.write(file, applyAll(text, [{ ...head, replacement }, ...marks]));
    undo.defer(() => copy.write(file, text));
  }
  return undo;
}

function applyAll(text: string, edits: readonly Edit[]): string {
  return edits.toSorted((a, b) => b.start - a.start).reduce(apply, text);
}

async function readNotes(copy: Copy): Promise<ReadonlyMap<string, readonly string[]>> {
  const folder = notesIn(copy);
  const names = (await readdir(folder)).filter((name) => !name.startsWith("children-of-"));
  const notes = await Promise.all(
    names.map(async (name) => {
      const { test, reached } = JSON.parse(await readFile(join(folder, name), "utf8"));
      return [relative(copy.folder, test), reached] as const;
    }),
  );
  return new Map(notes);
}

/** Where the tests leave word of what they called. */
function notesIn(copy: { folder: string }): string {
  return join(copy.folder, ".reached");
}
