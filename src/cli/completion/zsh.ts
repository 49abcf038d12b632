import type { Place, Word } from "./words.ts";

/** A script for a file `_berth` in a folder of zsh's `fpath`, or for `source` after `compinit`. */
export function zshCompletion(places: readonly Place[]): string {
  return `#compdef berth
_berth() {
  local at=berth word
  local -a candidates
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "$at $word" in
      ${places
        .slice(1)
        .map(({ path }) => `"${path}"`)
        .join(" | ")}) at="$at $word" ;;
    esac
  done
  case "$at \${words[CURRENT-1]}" in
${valueCases(places)}
    *)
      case "$at" in
${places.map(({ path, commands, options }) => `        "${path}") candidates=(${entries([...commands, ...options])}) ;;`).join("\n")}
      esac ;;
  esac
  _describe berth candidates || _files
}
if [ "$funcstack[1]" = _berth ]; then _berth "$@"; else compdef _berth berth; fi
`;
}

function valueCases(places: readonly Place[]): string {
  const cases = places.flatMap(({ path, values }) =>
    values.map(({ option, choices }) => `    "${path} ${option}") candidates=(${choices.join(" ")}) ;;`),
  );
  return cases.join("\n");
}

function entries(words: readonly Word[]): string {
  return words.map(({ word, summary }) => quoted(`${word.replaceAll(":", "\\:")}:${summary}`)).join(" ");
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
