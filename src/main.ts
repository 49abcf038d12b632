import { addAccount } from "./cli/account.ts";
import { addAudit } from "./cli/audit/index.ts";
import { addImage } from "./cli/browse/image-command.ts";
import { addImages } from "./cli/browse/images-command.ts";
import { addRm } from "./cli/browse/rm-command.ts";
import { type AddCommand, commandLine, runCommandLine } from "./cli/command-line.ts";
import { addCompletion } from "./cli/completion/index.ts";
import { addEvents } from "./cli/events/command.ts";
import { addExplain } from "./cli/explain/index.ts";
import { addExport, addImport } from "./cli/images/index.ts";
import type { Io } from "./cli/io.ts";
import { addKeys } from "./cli/keys.ts";
import { addLifecycle } from "./cli/lifecycle/command.ts";
import { addConfigure, addLogin, addWhoami } from "./cli/login/index.ts";
import { addMigrate } from "./cli/migrate.ts";
import { endWithParent } from "./cli/parent-watch.ts";
import { addRepository } from "./cli/repository/index.ts";
import { addStart } from "./cli/start.ts";
import { addUsage } from "./cli/usage/command.ts";
import { addWebhooks } from "./cli/webhooks/command.ts";
import { migrateRegistry, type RegistryAccess, withRegistry } from "./composition/command.ts";
import { serve } from "./composition/serve.ts";
import { readConfig } from "./config.ts";
import { version } from "./version.ts";

/** Commands in the order of the help. */
const COMMANDS: readonly AddCommand[] = [
  (berth) => addStart(berth, () => serve(readConfig(process.env))),
  (berth, io) => addMigrate(berth, io, () => migrateRegistry(readConfig(process.env))),
  (berth, io) => addAccount(berth, io, onRegistry),
  (berth, io) => addRepository(berth, io, onRegistry),
  (berth, io) => addAudit(berth, io, onRegistry),
  (berth, io) => addExplain(berth, io, onRegistry),
  (berth, io) => addKeys(berth, io, onRegistry),
  (berth, io) => addImport(berth, io, process.env),
  (berth, io) => addExport(berth, io, process.env),
  (berth, io) => addImages(berth, io, process.env),
  (berth, io) => addImage(berth, io, process.env),
  (berth, io) => addRm(berth, io, process.env),
  (berth, io) => addLifecycle(berth, io, process.env),
  (berth, io) => addUsage(berth, io, process.env),
  (berth, io) => addLogin(berth, io, process.env),
  (berth, io) => addConfigure(berth, io, process.env),
  (berth, io) => addWhoami(berth, io, process.env),
  (berth, io) => addEvents(berth, io, process.env),
  (berth, io) => addWebhooks(berth, io, process.env),
  addCompletion,
];

/** The server's own database, also while it runs. */
function onRegistry(work: (access: RegistryAccess) => Promise<void>): Promise<void> {
  return withRegistry(readConfig(process.env), work);
}

/** The process's streams. Its signal is the user's interruption, from the moment that a command asks for it. */
class ProcessIo implements Io {
  readonly stdin = process.stdin;
  readonly stdout = process.stdout;
  readonly stderr = process.stderr;
  #interruption: AbortController | undefined;

  get signal(): AbortSignal {
    if (this.#interruption === undefined) {
      const interruption = new AbortController();
      for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => interruption.abort());
      this.#interruption = interruption;
    }
    return this.#interruption.signal;
  }
}

/** A reader that ends, such as `head`, wants no more: the command ends too. */
function endWithReader(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
      process.exit();
    });
  }
}

/** The program: `berth COMMAND …`, `start` when none is named. */
export async function main(argv: readonly string[]): Promise<void> {
  endWithParent(process.env);
  endWithReader();
  const io = new ProcessIo();
  const berth = commandLine(io, COMMANDS).version(version(), "-v, --version", "show the version");
  process.exitCode = await runCommandLine(berth, argv.length === 0 ? ["start"] : argv, io);
}
