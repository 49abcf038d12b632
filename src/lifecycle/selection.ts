import { policyInvalid } from "./errors.ts";
import type { Limit, Rule, StorageClass, TagRequirement } from "./policy.ts";
import {
  type Members,
  matchesNoSchema,
  readArray,
  readEnum,
  readObject,
  readPositive,
  readText,
  shown,
} from "./schema.ts";

/** Wildcards of one pattern, at most. */
const WILDCARDS_MAX = 4;
/** Days that an image must have been archived before a policy may delete it. */
const ARCHIVED_DAYS_MIN = 90;

const LIMITS = [
  "imageCountMoreThan",
  "sinceImagePushed",
  "sinceImagePulled",
  "sinceImageTransitioned",
] as const;

/** @throws RegistryError LIFECYCLE_POLICY_INVALID */
export function readSelection(
  value: unknown,
  action: Rule["action"],
  priority: number,
): Pick<Rule, "tags" | "storageClass" | "limit"> {
  const required = ["tagStatus", "countType", "countNumber"];
  const optional = ["tagPrefixList", "tagPatternList", "storageClass", "countUnit"];
  const members = readObject(value, required, optional);
  const tags = readTags(members);
  const storageClass: StorageClass = Object.hasOwn(members, "storageClass")
    ? readEnum(members["storageClass"], ["standard", "archive"])
    : "standard";
  const selection = { tags, storageClass, limit: readLimit(members) };
  refusePairing(selection, action, priority);
  return selection;
}

function readTags(members: Members): TagRequirement {
  const status = readEnum(members["tagStatus"], ["tagged", "untagged", "any"]);
  const prefixes = readTexts(members, "tagPrefixList");
  const patterns = readTexts(members, "tagPatternList");
  if (status !== "tagged") {
    if (prefixes.length + patterns.length === 0) return { status };
    throw policyInvalid(
      `tagPrefixList and tagPatternList are for tagStatus=TAGGED, not for tagStatus=${status.toUpperCase()}.`,
    );
  }
  if (prefixes.length > 0 && patterns.length > 0) {
    throw policyInvalid("Must specify only one of tagPrefixList and tagPatternList.");
  }
  if (prefixes.length > 0) return { status, by: "prefix", entries: prefixes };
  if (patterns.length > 0) return { status, by: "pattern", entries: patterns.map(checkPattern) };
  throw policyInvalid("Must specify tagPrefixList or tagPatternList when tagStatus=TAGGED.");
}

function readTexts(members: Members, name: string): readonly string[] {
  if (!Object.hasOwn(members, name)) return [];
  return readArray(members[name]).map((entry) => {
    const text = readText(entry);
    if (text === "") throw policyInvalid('string "" is too short (length: 0, required minimum: 1)');
    return text;
  });
}

function checkPattern(pattern: string): string {
  const wildcards = pattern.split("*").length - 1;
  if (wildcards <= WILDCARDS_MAX) return pattern;
  throw policyInvalid(
    `The pattern '${shown(pattern)}' of tagPatternList has ${wildcards} wildcards (*); the maximum is ${WILDCARDS_MAX}.`,
  );
}

function readLimit(members: Members): Limit {
  const type = LIMITS.find((each) => each === members["countType"]);
  if (type === undefined) throw matchesNoSchema();
  const hasUnit = Object.hasOwn(members, "countUnit");
  if (hasUnit) readEnum(members["countUnit"], ["days"]);
  if (hasUnit === (type === "imageCountMoreThan")) throw matchesNoSchema();
  return { type, number: readPositive(members["countNumber"]) };
}

/** Which limits, storage classes and actions go together. */
function refusePairing(
  { storageClass, limit: { type, number } }: Pick<Rule, "storageClass" | "limit">,
  action: Rule["action"],
  priority: number,
): void {
  const refuse = (why: string): Error => policyInvalid(`rulePriority=${priority}: ${why}`);
  if (type === "sinceImagePulled" && action !== "transition") {
    throw refuse("countType=sinceImagePulled is only for the action transition.");
  }
  if (type === "sinceImageTransitioned" && action !== "expire") {
    throw refuse("countType=sinceImageTransitioned is only for the action expire.");
  }
  const needed = type === "sinceImageTransitioned" ? "archive" : "standard";
  if (storageClass !== needed) {
    throw refuse(`countType=${type} is only for storageClass=${needed}.`);
  }
  if (storageClass === "archive" && number < ARCHIVED_DAYS_MIN) {
    throw refuse(
      `images that have been in the archive storage class for less than ${ARCHIVED_DAYS_MIN} days cannot be deleted by a lifecycle policy; countNumber is ${number}.`,
    );
  }
}
