import { createHash } from "node:crypto";
import { globSync, readFileSync } from "node:fs";
import { IGNORED } from "./ignored.ts";
import { describe, type Mutant } from "./mutant.ts";
import { mutationsOf } from "./mutators/index.ts";
import { functionBodies } from "./mutators/migrations.ts";
import type { Options } from "./options.ts";

/** A mutant that will be tried. */
export interface Chosen extends Mutant {
  /** Short, and the same as long as the changed line is: what --only takes. */
  readonly name: string;
  /** The folder or file of --files that it counts for. */
  readonly folder: string;
  readonly line: number;
  readonly before: string;
  readonly after: string;
}

/** The mutants of a run: the same for the same source, options and seed. */
export function chooseMutants({ files, mutants, seed, only }: Options): readonly Chosen[] {
  return files.flatMap((folder) => {
    const all = sourcesIn(folder).flatMap((file) => mutantsOf(folder, file));
    if (only.length > 0) return all.filter(({ name }) => only.includes(name));
    const counted = all.filter((mutant) => !IGNORED.some((ignored) => isSame(ignored, mutant)));
    const drawn = counted.toSorted((a, b) => (ticket(seed, a) < ticket(seed, b) ? -1 : 1)).slice(0, mutants);
    return drawn.toSorted((a, b) => a.file.localeCompare(b.file) || a.start - b.start);
  });
}

function sourcesIn(folder: string): readonly string[] {
  if (/\.(ts|sql)$/.test(folder)) return [folder];
  return globSync(`${folder}/**/*.{ts,sql}`)
    .filter((file) => !file.endsWith(".d.ts"))
    .toSorted();
}

function mutantsOf(folder: string, file: string): readonly Chosen[] {
  const text = readFileSync(file, "utf8");
  return mutationsOf(file, text, isCurrent).map((edit) => {
    const described = describe(text, edit);
    return { ...edit, ...described, name: nameOf(file, described), file, folder };
  });
}

function nameOf(file: string, { before, after }: { before: string; after: string }): string {
  return digest(`${file}\n${before}\n${after}`).slice(0, 8);
}

function ticket(seed: string, { name, start }: Chosen): string {
  return digest(`${seed}\n${name}\n${start}`);
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function isSame(ignored: { file: string; before: string; after: string }, mutant: Chosen): boolean {
  return ignored.file === mutant.file && ignored.before === mutant.before && ignored.after === mutant.after;
}

const latest = new Map(
  globSync("migrations/*.sql")
    .toSorted()
    .flatMap((file) =>
      functionBodies(readFileSync(file, "utf8")).map(({ signature }) => [signature, file] as const),
    ),
);

/** Whether no later migration defines the function anew. */
function isCurrent(file: string, signature: string): boolean {
  return latest.get(signature) === file;
}
