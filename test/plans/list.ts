// Prints every statement that is a constant of the Postgres adapters, as JSON.
import { glob } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const adapters = fileURLToPath(new URL("../../src/adapters/postgres/", import.meta.url));
const found = new Map<string, { name: string; text: string; file: string }>();

function collect(value: unknown, file: string): void {
  if (typeof value !== "object" || value === null) return;
  const { name, text } = value as Record<string, unknown>;
  if (typeof name === "string" && typeof text === "string") found.set(name, { name, text, file });
  else for (const inner of Object.values(value)) collect(inner, file);
}

for await (const file of glob("**/*.ts", { cwd: adapters })) {
  if (file.startsWith("embedded/")) continue;
  const module: Record<string, unknown> = await import(`${adapters}${file}`);
  collect(module["allConstants"], file);
}
process.stdout.write(JSON.stringify([...found.values()]));
