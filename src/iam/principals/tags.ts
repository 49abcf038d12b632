import type { Tags } from "./entity.ts";
import { invalidInput, quotaExceeded } from "./errors.ts";
import { LIMITS } from "./limits.ts";

export interface Tag {
  readonly Key: string;
  readonly Value: string;
}

/**
 * A list of tags as a record. Keys differ in more than letter case ("IAM tags: case sensitivity").
 * @throws IamError for a key that is there twice, a reserved one, or too many
 */
export function tagsOf(list: readonly Tag[] | undefined, quota: string): Tags {
  return mergeTags({}, list ?? [], quota);
}

/** Existing tags with others put over them; a key in another letter case replaces the one that was there. */
export function mergeTags(existing: Tags, list: readonly Tag[], quota: string): Tags {
  const given = new Set<string>();
  const merged = new Map(Object.entries(existing).map((tag) => [tag[0].toLowerCase(), tag]));
  for (const { Key: key, Value: value } of list) {
    const folded = key.toLowerCase();
    if (given.has(folded)) {
      throw invalidInput("Duplicate tag keys found. Please note that Tag keys are case insensitive.");
    }
    if (folded.startsWith("aws:")) {
      throw invalidInput(`Tag keys starting with 'aws:' are reserved for system use: ${key}`);
    }
    given.add(folded);
    merged.set(folded, [key, value]);
  }
  if (merged.size > LIMITS.tags) throw quotaExceeded(quota, LIMITS.tags);
  return Object.fromEntries(merged.values());
}

/** Tags without those keys, whatever their letter case. Keys that are not there are no mistake. */
export function withoutTags(existing: Tags, keys: readonly string[]): Tags {
  const gone = new Set(keys.map((key) => key.toLowerCase()));
  return Object.fromEntries(Object.entries(existing).filter(([key]) => !gone.has(key.toLowerCase())));
}

/** In the order of keys, as AWS lists them. */
export function tagList(tags: Tags): readonly Tag[] {
  const keys = Object.keys(tags).sort();
  return keys.map((key) => ({ Key: key, Value: tags[key] ?? "" }));
}
