import type { PolicyDocument } from "../../policy/document.ts";

const VARIABLE = /\$\{\s*([^{}*?$,\s][^{},]*?)\s*(?:,[^}]*)?\}/g;

/** Condition keys that documents ask for, in conditions and as variables: each once, in the order of the alphabet. */
export function contextKeysOf(documents: readonly PolicyDocument[]): readonly string[] {
  const keys = new Map<string, string>();
  for (const { statements, version } of documents) {
    for (const { conditions, resources } of statements) {
      const texts = [
        ...conditions.flatMap(({ wanted }) => wanted),
        ...(resources?.patterns ?? []).map(({ written }) => written),
      ];
      // Before Version 2012-10-17 there are no variables.
      const variables = version === "2012-10-17" ? texts.flatMap(variablesIn) : [];
      for (const key of [...conditions.map((condition) => condition.key), ...variables]) {
        if (!keys.has(key.toLowerCase())) keys.set(key.toLowerCase(), key);
      }
    }
  }
  return [...keys.values()].sort();
}

function variablesIn(text: string): readonly string[] {
  return [...text.matchAll(VARIABLE)].map(([, key = ""]) => key);
}
