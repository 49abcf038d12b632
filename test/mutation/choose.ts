import { createHash } from "node:crypto";
import { globSync, readFileSync } from "node:fs";
import { IGNORED } from "./ignored.ts";
import { describe, type Mutant } from "./mutant.ts";
import { mutationsOf } from "./mutators/index.ts";
import type { Options } from "./options.ts";

/** A mutant that will be tried. */
export interface Chosen extends Mutant {
  /** Short, and the same as long as the changed line is: what --only takes. */
  readonly name: string;
  /** The folder or file of --files that it counts for. */
  readonly folder: string;
  /** Changes that the folder has. */
  readonly among: number;
  readonly line: number;
  readonly before: string;
  readonly after: string;
}

/**
 * The mutants of a run: the same for the same source, options and seed.
 * @throws Error for a folder without any, which would pass untried
 */
export function chooseMutants({ files, mutants, seed, only }: Options): readonly Chosen[] {
  return files.flatMap((folder) => {
    const found = sourcesIn(folder).flatMap((file) => mutantsIn(file));
    if (found.length === 0) throw new Error(`${folder} has nothing that could be changed`);
    const counted = found.filter((mutant) => !IGNORED.some((ignored) => isSame(ignored, mutant)));
    const chosen = (mutant: Found): Chosen => ({ ...mutant, folder, among: counted.length });
    if (only.length > 0) return found.filter(({ name }) => only.includes(name)).map(chosen);
    const drawn = counted
      .map(chosen)
      .toSorted((a, b) => (ticket(seed, a) < ticket(seed, b) ? -1 : 1))
      .slice(0, mutants);
    return drawn.toSorted((a, b) => a.file.localeCompare(b.file) || a.start - b.start);
  });
}

function sourcesIn(folder: string): readonly string[] {
  if (/\.(ts|sql)$/.test(folder)) return [folder];
  return globSync(`${folder}/**/*.{ts,sql}`)
    .filter((file) => !file.endsWith(".d.ts"))
    .toSorted();
}

/** Every change of a file, wherever it counts. */
type Found = Omit<Chosen, "folder" | "among">;

function mutantsIn(file: string): readonly Found[] {
  const text = readFileSync(file, "utf8");
  return mutationsOf(file, text).map((edit) => {
    const described = describe(text, edit);
    return { ...edit, ...described, name: nameOf(file, described), file };
  });
}

function nameOf(file: string, { before, after }: { before: string; after: string }): string {
  return digest(`${file}\n${before}\n${after}`).slice(0, 8);
}

function ticket(seed: string, { name, start }: Found): string {
  return digest(`${seed}\n${name}\n${start}`);
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function isSame(ignored: { file: string; before: string; after: string }, mutant: Found): boolean {
  return ignored.file === mutant.file && ignored.before === mutant.before && ignored.after === mutant.after;
}
