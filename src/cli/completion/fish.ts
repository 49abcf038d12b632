import type { Place } from "./words.ts";

/** A script for `~/.config/fish/completions/berth.fish`, or for `source`. */
export function fishCompletion(places: readonly Place[]): string {
  return `# fish completion of berth
function __berth_at
  set -l at berth
  for word in (commandline -opc)[2..-1]
    switch "$at $word"
      case ${places
        .slice(1)
        .map(({ path }) => quoted(path))
        .join(" ")}
        set at "$at $word"
    end
  end
  test "$at" = "$argv"
end
${places.flatMap(linesOf).join("\n")}
`;
}

function linesOf({ path, commands, options, values }: Place): readonly string[] {
  const here = `complete -c berth -n ${quoted(`__berth_at ${path}`)}`;
  return [
    ...commands.map(({ word, summary }) => `${here} -f -a ${word} -d ${quoted(summary)}`),
    ...options.map(({ word, summary }) => {
      const choices = values.find(({ option }) => option === word)?.choices;
      const value = choices === undefined ? "" : ` -x -a ${quoted(choices.join(" "))}`;
      return `${here} -l ${word.slice(2)}${value} -d ${quoted(summary)}`;
    }),
  ];
}

function quoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
