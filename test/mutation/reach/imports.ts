import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** A file that another names, to import it or to run it: by a path from its own place. */
const NAMED = /["'`](\.{1,2}\/[\w./-]+\.(?:ts|js))["'`]/g;
/** What brings the schema into a database: whoever needs no such file calls no function of it. */
const MIGRATES = "src/adapters/postgres/migrate.ts";

/** Those of `tests` that name anything in the folders or files, directly or through what they name. */
export function reaching(tests: readonly string[], targets: readonly string[]): readonly string[] {
  const wanted = targets.map((target) => (target.startsWith("migrations") ? MIGRATES : target));
  const isWanted = (file: string): boolean =>
    wanted.some((target) => file === target || file.startsWith(`${target}/`));
  const named = new Map<string, readonly string[]>();
  const namedBy = (file: string): readonly string[] => {
    const known = named.get(file) ?? readNamed(file);
    named.set(file, known);
    return known;
  };
  return tests.filter((test) => {
    const seen = new Set([test]);
    for (const file of seen) {
      if (isWanted(file)) return true;
      for (const each of namedBy(file)) seen.add(each);
    }
    return false;
  });
}

function readNamed(file: string): readonly string[] {
  const text = readFileSync(file, "utf8");
  return [...text.matchAll(NAMED)]
    .map(([, path = ""]) => join(dirname(file), path))
    .filter((path) => existsSync(path));
}
