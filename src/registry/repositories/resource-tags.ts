import { RegistryError } from "../errors.ts";
import type { ResourceTags } from "../ports/index.ts";

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
export function readResourceTags(tags: readonly ResourceTag[]): ResourceTags {
  refuseTooMany(tags.length, "were given");
  const read = new Map<string, string>();
  const folded = new Set<string>();
  for (const { key, value } of tags) {
    const problem = tagProblem(key, value) ?? (read.has(key) ? "is given twice" : undefined);
    if (problem !== undefined) throw tagInvalid(key, problem);
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

/**
 * Keys of tags that are to go. That a tag is not there is no mistake.
 * @throws RegistryError RESOURCE_TAGS_TOO_MANY, RESOURCE_TAG_INVALID
 */
export function readResourceTagKeys(keys: readonly string[]): readonly string[] {
  refuseTooMany(keys.length, "were given");
  for (const key of keys) {
    const problem = tagProblem(key, "");
    if (problem !== undefined) throw tagInvalid(key, problem);
  }
  return keys;
}

/**
 * Tags with others put over them.
 * @throws RegistryError RESOURCE_TAGS_TOO_MANY, RESOURCE_TAG_INVALID for a key that is there in another letter case
 */
export function withResourceTags(existing: ResourceTags, given: ResourceTags): ResourceTags {
  const written = new Map(Object.keys(existing).map((key) => [key.toLowerCase(), key]));
  for (const key of Object.keys(given)) {
    const other = written.get(key.toLowerCase());
    if (other !== undefined && other !== key) throw tagInvalid(key, `is there already as '${other}'`);
  }
  const tags = { ...existing, ...given };
  refuseTooMany(Object.keys(tags).length, "would be there");
  return tags;
}

/** Tags without those of the keys, exactly as they are written. */
export function withoutResourceTags(existing: ResourceTags, keys: readonly string[]): ResourceTags {
  return Object.fromEntries(Object.entries(existing).filter(([key]) => !keys.includes(key)));
}

function refuseTooMany(count: number, what: string): void {
  if (count <= TAGS_MAX) return;
  const said = `A resource has at most ${TAGS_MAX} tags; ${count} ${what}`;
  throw new RegistryError("RESOURCE_TAGS_TOO_MANY", said);
}

function tagInvalid(key: string, problem: string): RegistryError {
  return new RegistryError(
    "RESOURCE_TAG_INVALID",
    `Invalid tag: the key '${key.slice(0, KEY_MAX)}' ${problem}`,
  );
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
