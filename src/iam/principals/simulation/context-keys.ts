import type { PolicyDocument } from "../../policy/document.ts";
import { cutAtVariables } from "../../policy/variables.ts";

/** Keys of documents that were asked before, by the document. */
const known = new WeakMap<PolicyDocument, ReadonlyMap<string, string>>();

/** Condition keys that documents ask for, in conditions and as variables: each once, in the order of the alphabet. */
export function contextKeysOf(documents: readonly PolicyDocument[]): readonly string[] {
  const keys = new Map<string, string>();
  for (const document of documents) {
    for (const [folded, key] of keysOf(document)) if (!keys.has(folded)) keys.set(folded, key);
  }
  return [...keys.values()].sort();
}

/** As written, by the key in lower case. */
function keysOf(document: PolicyDocument): ReadonlyMap<string, string> {
  const found = known.get(document) ?? new Map(collect(document));
  known.set(document, found);
  return found;
}

function collect({ statements, version }: PolicyDocument): readonly (readonly [string, string])[] {
  const keys = statements.flatMap(({ conditions, resources }) => {
    const texts = [
      ...conditions.flatMap(({ wanted }) => wanted),
      ...(resources?.patterns ?? []).map(({ written }) => written),
    ];
    // Before Version 2012-10-17 there are no variables.
    const variables = version === "2012-10-17" ? texts.flatMap(variablesIn) : [];
    return [...conditions.map(({ key }) => key), ...variables];
  });
  // Of keys that differ in letter case the first is shown.
  return keys.toReversed().map((key) => [key.toLowerCase(), key] as const);
}

function variablesIn(text: string): readonly string[] {
  return [...cutAtVariables(text)].flatMap(({ variable }) => (variable === undefined ? [] : [variable.key]));
}
