import { createInterface } from "node:readline/promises";
import { UsageError } from "./command-line.ts";
import type { Io } from "./io.ts";

/**
 * Asks on the terminal to type `name`, after saying what will happen. Resolves when it was typed.
 * @throws UsageError where nobody can be asked: then `--yes` says it
 * @throws Error when something else was typed; nothing is done
 */
export async function confirm(io: Io, consequence: string, name: string): Promise<void> {
  if (io.stdin.isTTY !== true) throw new UsageError(`${consequence} Say --yes where nobody can be asked`);
  const lines = createInterface({ input: io.stdin, output: io.stderr, terminal: true, historySize: 0 });
  try {
    const ended = new Promise<string>((resolve) => lines.once("close", () => resolve("")));
    const typed = await Promise.race([lines.question(`${consequence}\nType ${name} to go on: `), ended]);
    if (typed.trim() !== name) throw new Error("nothing was done");
  } finally {
    lines.close();
  }
}
