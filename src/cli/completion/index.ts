import { Argument, type Command } from "commander";
import { doing } from "../command-line.ts";
import type { Io } from "../io.ts";
import { bashCompletion } from "./bash.ts";
import { fishCompletion } from "./fish.ts";
import { placesOf } from "./words.ts";
import { zshCompletion } from "./zsh.ts";

const SHELLS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } as const;

/** `berth completion`: it knows the commands that stand beside it. */
export function addCompletion(parent: Command, io: Io): void {
  parent
    .command("completion")
    .summary("print a script that completes command lines, for bash, zsh or fish")
    .description(
      "Prints a script that completes command lines: source <(berth completion bash), for example.",
    )
    .addArgument(new Argument("<shell>").choices(Object.keys(SHELLS)))
    .action(
      doing(async (shell: keyof typeof SHELLS) => {
        io.stdout.write(SHELLS[shell](placesOf(parent)));
      }),
    );
}
