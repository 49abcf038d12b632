import { Command, CommanderError } from "commander";
import type { Io } from "./io.ts";

/** A mistake in the arguments that no option finds by itself: said with the way to the help, exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Puts a command with its options below `parent`. */
export type AddCommand = (parent: Command, io: Io) => void;

/** The program `berth` with these commands. It writes to `io` alone and ends no process. */
export function commandLine(io: Io, commands: readonly AddCommand[]): Command {
  const berth = new Command("berth")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      outputError: (text, write) => write(text.replace(/^error: (?:command-argument value )?/, "berth: ")),
      getOutHelpWidth: () => 100,
      getErrHelpWidth: () => 100,
    })
    .configureHelp({ showGlobalOptions: false, sortSubcommands: false })
    .helpCommand("help [command]", "show the help of a command")
    .helpOption("-h, --help", "show this text");
  for (const add of commands) add(berth, io);
  pointToHelp(berth, "berth");
  return berth;
}

/** A mistake is followed by where to read on, not by the whole help. */
function pointToHelp(command: Command, path: string): void {
  command.showHelpAfterError(`See: ${path} --help`);
  for (const below of command.commands) pointToHelp(below, `${path} ${below.name()}`);
}

/**
 * What a command does, for {@link Command.action}: `work` gets the arguments and, last, the options.
 * A {@link UsageError} becomes one of the command's own.
 */
export function doing<Arguments extends readonly unknown[]>(
  work: (...args: Arguments) => Promise<void>,
): (this: Command, ...given: [...Arguments, Command]) => Promise<void> {
  return async function (this: Command, ...given) {
    try {
      await work(...(given.slice(0, -1) as unknown as Arguments));
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      this.error(`error: ${error.message}`);
    }
  };
}

const DONE = 0;
const FAILED = 1;
const WRONG_USAGE = 2;

/** Runs a command line; resolves with the exit code: 0 done, 1 failed, 2 wrong usage. Never rejects. */
export async function runCommandLine(berth: Command, argv: readonly string[], io: Io): Promise<number> {
  try {
    await berth.parseAsync(withoutHelpOfNothing(berth, argv), { from: "user" });
    return DONE;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === DONE ? DONE : WRONG_USAGE;
    io.stderr.write(`berth: ${wordsOf(error)}\n`);
    return FAILED;
  }
}

/** Help that is asked about a word that is no command is the mistake that the word would be by itself. */
function withoutHelpOfNothing(command: Command, [word, ...rest]: readonly string[]): string[] {
  if (word === undefined) return [];
  const below = find(command, word);
  if (below !== undefined) return [word, ...withoutHelpOfNothing(below, rest)];
  const isOfNothing = word === "help" && rest[0] !== undefined && find(command, rest[0]) === undefined;
  return isOfNothing ? rest : [word, ...rest];
}

function find(command: Command, word: string): Command | undefined {
  return command.commands.find((below) => below.name() === word || below.aliases().includes(word));
}

/** A defect shows where it is; what is meant for people is its message alone. */
function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const isDefect = [TypeError, RangeError, ReferenceError].some((kind) => error instanceof kind);
  return isDefect ? (error.stack ?? error.message) : withoutControls(error.message);
}

/** Several lines are ours (a list of wrong settings); whatever else a message quotes must not move the cursor. */
function withoutControls(text: string): string {
  return text.replace(/[^\P{Cc}\n\t]/gu, " ");
}
