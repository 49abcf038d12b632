import { accountCommand } from "./cli/account.ts";
import { auditCommand } from "./cli/audit/index.ts";
import { explainCommand } from "./cli/explain/index.ts";
import { runExport, runImport } from "./cli/images/index.ts";
import { keysCommand } from "./cli/keys.ts";
import { runConfigure, runLogin, runWhoami } from "./cli/login/index.ts";
import { repositoryCommand } from "./cli/repository.ts";
import { USAGE } from "./cli/usage.ts";
import { type RegistryAccess, withRegistry } from "./composition/command.ts";
import { serve } from "./composition/serve.ts";
import { readConfig } from "./config.ts";

/** Commands by name; each resolves with its exit code. */
const COMMANDS: Readonly<Record<string, (argv: readonly string[]) => Promise<number>>> = {
  start: () => serve(readConfig(process.env)),
  audit: (argv) =>
    auditCommand(argv, onRegistry, { output: process.stdout, signal: untilInterrupted().signal }),
  account: (argv) => accountCommand(argv, onRegistry),
  explain: (argv) => explainCommand(argv, onRegistry),
  keys: (argv) => keysCommand(argv, onRegistry),
  repository: (argv) => repositoryCommand(argv, onRegistry),
  login: (argv) => runLogin(argv, process.env, process),
  configure: (argv) => runConfigure(argv, process.env, process),
  whoami: (argv) => runWhoami(argv, process.env, process),
  import: (argv) => runImport(argv, process.env, process),
  export: (argv) => runExport(argv, process.env, untilInterrupted()),
};

/** The server's own database, also while it runs. */
function onRegistry<T>(work: (access: RegistryAccess) => Promise<T>): Promise<T> {
  return withRegistry(readConfig(process.env), work);
}

/** The process's streams, and a signal that the user's interruption raises, so that no half-written file stays. */
function untilInterrupted() {
  const interruption = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => interruption.abort());
  const { stdin, stdout, stderr } = process;
  return { stdin, stdout, stderr, signal: interruption.signal };
}

/** The program: `berth COMMAND …`, `start` when none is named. */
export async function main(argv: readonly string[]): Promise<void> {
  const [name = "start", ...rest] = argv;
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) {
    const asked = name === "help" || name === "--help" || name === "-h";
    (asked ? process.stdout : process.stderr).write(asked ? USAGE : `unknown command: ${name}\n\n${USAGE}`);
    process.exitCode = asked ? 0 : 2;
    return;
  }
  try {
    process.exitCode = await command(rest);
  } catch (error) {
    process.stderr.write(`berth ${name}: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
