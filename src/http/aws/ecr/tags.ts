import type { Tag } from "../../../aws-models/ecr.types.ts";
import { AwsError } from "../aws-error.ts";
import type { Conditions } from "../call.ts";

const TAGS_MAX = 50;
const KEY_MAX = 128;
const VALUE_MAX = 256;
const CHARACTERS = /^[\p{L}\p{Z}\p{N}+\-=._:/@]*$/u;

/** Tags of a request by their keys (ecr.md section 3). @throws AwsError TooManyTags, InvalidTagParameter */
export function readTags(tags: readonly Tag[] = []): Readonly<Record<string, string>> {
  if (tags.length > TAGS_MAX) {
    throw new AwsError(
      "TooManyTagsException",
      `A resource has at most ${TAGS_MAX} tags; ${tags.length} were given`,
    );
  }
  const read = new Map<string, string>();
  for (const { Key: key, Value: value } of tags) {
    const problem = tagProblem(key, value) ?? (read.has(key) ? "is given twice" : undefined);
    if (problem !== undefined) {
      throw new AwsError(
        "InvalidTagParameterException",
        `Invalid tag: the key '${key.slice(0, KEY_MAX)}' ${problem}`,
      );
    }
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

/** The condition keys of a request that sets tags. */
export function tagConditions(tags: Readonly<Record<string, string>>): Conditions {
  const perTag = Object.entries(tags).map(([key, value]) => [`aws:RequestTag/${key}`, [value]] as const);
  return Object.fromEntries([...perTag, ["aws:TagKeys", Object.keys(tags)] as const]);
}
