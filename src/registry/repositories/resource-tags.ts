import { RegistryError } from "../errors.ts";

/** An AWS tag as a caller gives it. */
export interface ResourceTag {
  readonly key: string;
  readonly value: string;
}

const TAGS_MAX = 50;
const KEY_MAX = 128;
const VALUE_MAX = 256;
const CHARACTERS = /^[\p{L}\p{Z}\p{N}+\-=._:/@]*$/u;

/**
 * AWS tags by key ("Tagging your Amazon ECR resources", restrictions). Keys differ in more than letter case.
 * @throws RegistryError RESOURCE_TAGS_TOO_MANY, RESOURCE_TAG_INVALID
 */
export function readResourceTags(tags: readonly ResourceTag[]): Readonly<Record<string, string>> {
  if (tags.length > TAGS_MAX) {
    const said = `A resource has at most ${TAGS_MAX} tags; ${tags.length} were given`;
    throw new RegistryError("RESOURCE_TAGS_TOO_MANY", said);
  }
  const read = new Map<string, string>();
  const folded = new Set<string>();
  for (const { key, value } of tags) {
    const problem = tagProblem(key, value) ?? (read.has(key) ? "is given twice" : undefined);
    if (problem !== undefined) {
      const said = `Invalid tag: the key '${key.slice(0, KEY_MAX)}' ${problem}`;
      throw new RegistryError("RESOURCE_TAG_INVALID", said);
    }
    // Conditions of policies ask for tags by keys that know no letter case: two such would be one.
    if (folded.has(key.toLowerCase())) {
      const said = "Duplicate tag keys found. Please note that Tag keys are case insensitive.";
      throw new RegistryError("RESOURCE_TAG_INVALID", said);
    }
    folded.add(key.toLowerCase());
    read.set(key, value);
  }
  return Object.fromEntries(read);
}

function tagProblem(key: string, value: string): string | undefined {
  if (key.length === 0 || key.length > KEY_MAX) return `must have 1 to ${KEY_MAX} characters`;
  if (value.length > VALUE_MAX) return `has a value of more than ${VALUE_MAX} characters`;
  if (/^aws:/i.test(key)) return "begins with 'aws:', which is reserved";
  if (!CHARACTERS.test(key) || !CHARACTERS.test(value)) {
    return "or its value holds other characters than letters, digits, spaces and + - = . _ : / @";
  }
  return undefined;
}
