import type { Place, Word } from "./words.ts";

/** A script for `source`, or for a file below bash-completion's `completions/berth`. */
export function bashCompletion(places: readonly Place[]): string {
  return `# bash completion of berth
_berth() {
  local at=berth word words= current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]}
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$at $word" in
      ${places
        .slice(1)
        .map(({ path }) => `"${path}"`)
        .join(" | ")}) at="$at $word" ;;
    esac
  done
  case "$at $previous" in
${valueCases(places)}
    *)
      case "$at" in
${places.map(({ path, commands, options }) => `        "${path}") words="${wordsOf([...commands, ...options])}" ;;`).join("\n")}
      esac ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _berth berth
`;
}

function valueCases(places: readonly Place[]): string {
  const cases = places.flatMap(({ path, values }) =>
    values.map(({ option, choices }) => `    "${path} ${option}") words="${choices.join(" ")}" ;;`),
  );
  return cases.join("\n");
}

function wordsOf(words: readonly Word[]): string {
  return words.map(({ word }) => word).join(" ");
}
