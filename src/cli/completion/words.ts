import type { Command } from "commander";

/** A word that a shell may put, and what it does. */
export interface Word {
  readonly word: string;
  readonly summary: string;
}

/** What may follow one command of the tree. */
export interface Place {
  /** As it is typed: `berth repository create`. */
  readonly path: string;
  readonly commands: readonly Word[];
  readonly options: readonly Word[];
  /** The values of the options that take one of a few. */
  readonly values: readonly { readonly option: string; readonly choices: readonly string[] }[];
}

/** Every command of the tree, the program first. */
export function placesOf(command: Command, path = command.name()): readonly Place[] {
  const { options, commands } = command;
  const long = options.flatMap(({ long: word, description: summary, argChoices }) =>
    word == null ? [] : [{ word, summary, choices: argChoices ?? [] }],
  );
  const place = {
    path,
    commands: commands.map((each) => ({ word: each.name(), summary: each.summary() })),
    options: [
      ...long.map(({ word, summary }) => ({ word, summary })),
      { word: "--help", summary: "show the help" },
    ],
    values: long
      .filter(({ choices }) => choices.length > 0)
      .map(({ word: option, choices }) => ({ option, choices })),
  };
  return [place, ...commands.flatMap((each) => placesOf(each, `${path} ${each.name()}`))];
}
