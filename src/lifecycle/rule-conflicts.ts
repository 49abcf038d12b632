import { policyInvalid } from "./errors.ts";
import type { Rule } from "./policy.ts";

/** What rules must be to each other. @throws RegistryError LIFECYCLE_POLICY_INVALID */
export function refuseConflicts(rules: readonly Rule[]): void {
  const twice = firstTwice(rules, ({ priority }) => String(priority));
  if (twice !== undefined) {
    throw policyInvalid(
      `Rule priorities must be unique; more than one rule has rulePriority=${twice.priority}.`,
    );
  }
  for (const storageClass of ["standard", "archive"] as const) {
    refuseConflictsOf(rules.filter((rule) => rule.storageClass === storageClass));
  }
}

/** Of the rules of one storage class. */
function refuseConflictsOf(rules: readonly Rule[]): void {
  if (rules.filter(({ tags }) => tags.status === "untagged").length > 1) {
    throw policyInvalid("Only one rule can select Untagged images per storage class.");
  }
  const last = Math.max(...rules.map(({ priority }) => priority));
  if (rules.some(({ tags, priority }) => tags.status === "any" && priority < last)) {
    throw policyInvalid("Rule for tagStatus=ANY must have the lowest priority per storage class");
  }
  const twice = firstTwice(
    rules.filter(({ tags }) => tags.status === "tagged"),
    tagSet,
  );
  if (twice === undefined) return;
  const list =
    twice.tags.status === "tagged" && twice.tags.by === "prefix" ? "tagPrefixList" : "tagPatternList";
  throw policyInvalid(
    `rulePriority=${twice.priority}: another rule of the same storage class has the same ${list}.`,
  );
}

/** The same for the same entries, in whatever order. */
function tagSet({ tags }: Rule): string {
  return tags.status === "tagged"
    ? JSON.stringify([tags.by, [...new Set(tags.entries)].sort()])
    : tags.status;
}

function firstTwice(rules: readonly Rule[], keyOf: (rule: Rule) => string): Rule | undefined {
  const seen = new Set<string>();
  return rules.find((rule) => {
    const key = keyOf(rule);
    const isKnown = seen.has(key);
    seen.add(key);
    return isKnown;
  });
}
