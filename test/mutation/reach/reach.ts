import { createHash } from "node:crypto";
import { globSync } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { apply, type Edit } from "../mutant.ts";
import type { Copy } from "../run/copy.ts";
import { Tests } from "../run/tests.ts";
import { callMarks, namedFunctions } from "./functions.ts";

/** What one test file calls, and how long it takes. */
export interface Reached {
  readonly digest: string;
  readonly milliseconds: number;
  /** Ids of functions, and of those of the schema; empty for a test that fails without any change, which judges nothing. */
  readonly functions: readonly string[];
}

export type Reach = Readonly<Record<string, Reached>>;

const STORE = "node_modules/.cache/berth-mutation/reach-2.json";
const JUDGES =
  "test/{access,adapters,audit,cli,config,ecr,gc,http,iam,kernel,lifecycle,oci,races,registry,token,workers}/**/*.test.ts";
const HOUR = 3_600_000;
/** Test files after which what is known so far is kept. */
const PART = 20;

/**
 * What every test calls: measured for those that have changed since the last run, remembered for the others. Only tests
 * whose path begins with `judges` are looked at.
 */
export async function measureReach(
  copy: Copy,
  databaseUrl: string,
  { judges, workers }: { readonly judges: string; readonly workers: number },
  progress: (line: string) => void,
): Promise<Reach> {
  const files = globSync(JUDGES).filter((test) => test.startsWith(judges));
  const digests = new Map(
    await Promise.all(files.map(async (test) => [test, await digestOf(test)] as const)),
  );
  const known = await readStore();
  const isKnown = (test: string): boolean => {
    const { digest, functions = [] } = known[test] ?? {};
    return digest === digests.get(test) && functions.length > 0;
  };
  const missing = files.filter((test) => !isKnown(test));
  if (missing.length > 0) {
    progress(`Finding out what ${missing.length} test files call`);
    await using marked = await markCalls(copy);
    const env = {
      TEST_DATABASE_URL: databaseUrl,
      BERTH_MUTATION_WORKERS: String(workers),
      BERTH_REACH: notesIn(copy),
    };
    const tests = new Tests({ folder: copy.folder, env });
    marked.defer(() => tests.stop());
    for (let start = 0; start < missing.length; start += PART) {
      await measure(copy, tests, missing.slice(start, start + PART), digests);
      progress(`${Math.min(start + PART, missing.length)}/${missing.length}`);
    }
  }
  return Object.fromEntries(Object.entries(await readStore()).filter(([test]) => digests.has(test)));
}

async function readStore(): Promise<Reach> {
  return JSON.parse(await readFile(STORE, "utf8").catch(() => "{}"));
}

async function measure(
  copy: Copy,
  tests: Tests,
  part: readonly string[],
  digests: ReadonlyMap<string, string>,
): Promise<void> {
  const outcome = await tests.run({ changed: [], groups: [part], all: true }, HOUR);
  if (outcome === undefined) throw new Error("the tests took more than an hour, or their process ended");
  const notes = await readNotes(copy);
  const measured = outcome.files.map(({ test, milliseconds, passed }) => {
    const functions = passed ? (notes.get(test) ?? []) : [];
    return [test, { digest: digests.get(test) ?? "", milliseconds, functions }] as const;
  });
  await mkdir(dirname(STORE), { recursive: true });
  await writeFile(STORE, JSON.stringify({ ...(await readStore()), ...Object.fromEntries(measured) }));
}

/** Lets every file of the copy say which of its functions are called, until that is disposed of. */
async function markCalls(copy: Copy): Promise<AsyncDisposableStack> {
  const undo = new AsyncDisposableStack();
  for (const file of globSync("src/**/*.ts", { exclude: ["**/*.d.ts"] })) {
    const text = await copy.read(file);
    await copy.write(file, applyAll(text, callMarks(namedFunctions(file, text))));
    undo.defer(() => copy.write(file, text));
  }
  return undo;
}

function applyAll(text: string, edits: readonly Edit[]): string {
  return edits.toSorted((a, b) => b.start - a.start).reduce(apply, text);
}

async function readNotes(copy: Copy): Promise<ReadonlyMap<string, readonly string[]>> {
  const folder = notesIn(copy);
  const names = await readdir(folder);
  const notes = await Promise.all(
    names.map(async (name) => {
      const { test, reached } = JSON.parse(await readFile(join(folder, name), "utf8"));
      return [relative(copy.folder, test), reached] as const;
    }),
  );
  await rm(folder, { recursive: true });
  return new Map(notes);
}

/** Where the tests leave word of what they called. */
function notesIn(copy: { folder: string }): string {
  return join(copy.folder, ".reached");
}

async function digestOf(file: string): Promise<string> {
  return createHash("sha256")
    .update(await readFile(file))
    .digest("hex")
    .slice(0, 16);
}
