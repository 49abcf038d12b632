import { globSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import type { Mutant } from "../mutant.ts";
import { functionBodies, type SchemaFunction } from "../mutators/migrations.ts";
import { namedFunctions } from "./functions.ts";
import type { Reach } from "./reach.ts";
import { schemaId } from "./schema-id.ts";
import { usersOf } from "./users-of.ts";

/** Tests that let others meet: nobody else misses a lock. */
const MEETINGS = /^test\/races\//;

/** Chooses the tests that may notice a change, most promising first. */
export class Judges {
  readonly #reach: Reach;
  /** How often a test has noticed a change of a file. */
  readonly #noticed = new Map<string, number>();

  /** How many tests call a function. */
  readonly #callers = new Map<string, number>();
  readonly #tests: number;

  constructor(reach: Reach) {
    this.#reach = reach;
    const all = Object.values(reach);
    this.#tests = all.length;
    for (const { functions } of all)
      for (const id of functions) this.#callers.set(id, (this.#callers.get(id) ?? 0) + 1);
  }

  of(mutant: Mutant, most: number): readonly string[] {
    const changed = functionsOf(mutant);
    const calling = changed.map((ids) => this.#callingAny(ids)).filter((tests) => tests.length > 0);
    const groups = calling.length > 0 ? calling : [this.#callingFile(mutant.file)];
    const near = changed.reduce((all, ids) => all.union(ids), new Set<string>());
    const ranked = groups.flatMap((tests) => {
      const rank = new Map(tests.map((test) => [test, this.#rank(test, mutant, near)]));
      return tests.toSorted((a, b) => (rank.get(a) ?? 0) - (rank.get(b) ?? 0));
    });
    return [...new Set(ranked)].slice(0, most);
  }

  millisecondsOf(tests: readonly string[]): number {
    return tests.reduce((sum, test) => sum + (this.#reach[test]?.milliseconds ?? 0), 0);
  }

  noticed(test: string, file: string): void {
    const key = `${test} ${file}`;
    this.#noticed.set(key, (this.#noticed.get(key) ?? 0) + 1);
  }

  #callingAny(ids: ReadonlySet<string>): readonly string[] {
    return Object.keys(this.#reach).filter((test) => this.#reach[test]?.functions.some((id) => ids.has(id)));
  }

  /** Of a change outside all functions: the tests that call anything of its file, or of one that names it. */
  #callingFile(file: string): readonly string[] {
    const callers = new Set([file, ...importersOf(file)]);
    return Object.keys(this.#reach).filter((test) =>
      this.#reach[test]?.functions.some((id) => callers.has(id.split("#")[0] ?? "")),
    );
  }

  /**
   * Seconds that the test is away: its own time, less for a name like the file's, for what it has noticed before, and for
   * calling what few tests call of what was changed and of its file; of a lock, for letting others meet.
   */
  #rank(test: string, { file, kind }: Mutant, changed: ReadonlySet<string>): number {
    const words = new Set(wordsOf(file));
    const alike = wordsOf(test).filter((word) => words.has(word)).length;
    const noticed = this.#noticed.get(`${test} ${file}`) ?? 0;
    const near =
      this.#reach[test]?.functions.filter((id) => changed.has(id) || id.startsWith(`${file}#`)) ?? [];
    const rare = near.reduce((sum, id) => sum + Math.log(this.#tests / (this.#callers.get(id) ?? 1)), 0);
    const meets = kind === "lock" && MEETINGS.test(test) ? 20 : 0;
    const namesake = basename(test, ".test.ts") === basename(file, ".ts") ? 30 : 0;
    return (
      this.millisecondsOf([test]) / 1000 - meets - namesake - 3 * alike - 5 * Math.min(noticed, 4) - 3 * rare
    );
  }
}

function wordsOf(path: string): readonly string[] {
  const words = path.split(/[/._-]/).slice(1);
  return words.filter((word) => !["ts", "test", "sql"].includes(word)).map((word) => word.replace(/s$/, ""));
}

/**
 * The functions that hold a change, or that name the constant that holds it. Of the schema: the function, and after it
 * what of Berth calls it, for the tests whose database counts nothing.
 */
function functionsOf({ file, start }: Mutant): readonly ReadonlySet<string>[] {
  const text = readFileSync(file, "utf8");
  if (file.endsWith(".sql")) {
    const changed = functionBodies(text).find(
      ({ start: from, body }) => start >= from && start <= from + body.length,
    );
    return changed === undefined ? [] : [new Set([schemaId(changed.name)]), callersOf(changed)];
  }
  const around = namedFunctions(file, text).filter((named) => named.start <= start && start < named.end);
  const innermost = around.toSorted((a, b) => b.start - a.start).at(0);
  if (innermost !== undefined) return [new Set([innermost.id])];
  const constant = constantAt(text, start);
  return constant === undefined ? [] : [usersOf(file, text, constant)];
}

/** The constant of the file whose value an offset is in. */
function constantAt(text: string, offset: number): string | undefined {
  return [...text.slice(0, offset).matchAll(/^(?:export )?const (\w+)/gm)].at(-1)?.[1];
}

/** The functions of Berth whose SQL calls a function of the schema, itself or through another; see below for a trigger's. */
function callersOf({ name, body }: SchemaFunction): ReadonlySet<string> {
  const bodies = globSync("migrations/*.sql").flatMap((file) => functionBodies(readFileSync(file, "utf8")));
  const callers = new Set([name]);
  for (const known of callers)
    for (const each of bodies) if (new RegExp(`\\b${known}\\(`).test(each.body)) callers.add(each.name);
  const calling = functionsNaming([...callers].map((caller) => new RegExp(`\\b${caller}\\(`)));
  return calling.size > 0 ? calling : functionsNaming(tablesWritten(body));
}

/** What a trigger does shows to whoever looks at the tables that it writes. */
function tablesWritten(body: string): readonly RegExp[] {
  const written = body.matchAll(/\b(?:INSERT INTO|UPDATE|DELETE FROM) ((?!SET)\w+)/g);
  return [...written].map(([, table]) => new RegExp(`\\b${table}\\b`));
}

function functionsNaming(patterns: readonly RegExp[]): ReadonlySet<string> {
  const ids = globSync("src/adapters/postgres/**/*.ts").flatMap((file) => {
    const text = readFileSync(file, "utf8");
    return patterns.some((pattern) => pattern.test(text))
      ? namedFunctions(file, text).map(({ id }) => id)
      : [];
  });
  return new Set(ids);
}

const sources = globSync("src/**/*.ts").map((file) => ({ file, text: readFileSync(file, "utf8") }));

function importersOf(file: string): readonly string[] {
  if (file.endsWith(".sql")) return globSync("src/adapters/postgres/**/*.ts");
  const name = `/${file.split("/").at(-1)}"`;
  return sources.filter(({ text }) => text.includes(name)).map((source) => source.file);
}
