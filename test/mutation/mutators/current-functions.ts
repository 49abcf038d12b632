import { globSync, readFileSync } from "node:fs";
import { functionBodies, type SchemaFunction } from "./migrations.ts";

const latest = new Map(
  globSync("migrations/*.sql")
    .toSorted()
    .flatMap((file) =>
      functionBodies(readFileSync(file, "utf8")).map(({ signature }) => [signature, file] as const),
    ),
);

/** The functions of a migration that no later one defines anew. */
export function currentFunctions(file: string, text: string): readonly SchemaFunction[] {
  return functionBodies(text).filter(({ signature }) => latest.get(signature) === file);
}
