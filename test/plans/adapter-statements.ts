import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Statement } from "../../src/adapters/postgres/statement.ts";

/** Every statement that is a constant of the Postgres adapters. */
export async function listStatements(): Promise<readonly Statement[]> {
  const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
  const program = ["--disable-warning=ExperimentalWarning", "--import", here("hooks.ts"), here("list.ts")];
  const { stdout } = await promisify(execFile)(process.execPath, program, { maxBuffer: 16 * 1024 * 1024 });
  return JSON.parse(stdout);
}
