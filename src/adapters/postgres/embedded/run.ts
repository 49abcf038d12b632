import { spawn } from "node:child_process";
import type { Account } from "./account.ts";
import { spawnAs } from "./account.ts";

/** The end of a program: its code (undefined for a signal or a failed start) and the end of what it said. */
export interface RunResult {
  readonly code: number | undefined;
  readonly output: string;
}

const OUTPUT_CHARACTERS = 4_000;

export interface RunOptions {
  readonly cwd: string;
  readonly account: Account | undefined;
  readonly env: NodeJS.ProcessEnv;
  readonly input?: string;
}

/** Runs a program to its end in a session of its own, so that no terminal reaches it. Never rejects. */
export function run(command: string, args: readonly string[], options: RunOptions): Promise<RunResult> {
  return new Promise((resolve) => {
    const failed = (error: Error): void => resolve({ code: undefined, output: error.message });
    try {
      const { cwd, env, account } = options;
      const child = spawn(command, args, { cwd, env, detached: true, ...spawnAs(account) });
      let output = "";
      const keep = (text: string): void => {
        output = (output + text).slice(-OUTPUT_CHARACTERS);
      };
      child.stdout.setEncoding("utf8").on("data", keep);
      child.stderr.setEncoding("utf8").on("data", keep);
      child.stdin.on("error", () => undefined);
      child.stdin.end(options.input ?? "");
      child.on("error", failed);
      child.on("close", (code) => resolve({ code: code ?? undefined, output: output.trim() }));
    } catch (error) {
      failed(error as Error);
    }
  });
}
