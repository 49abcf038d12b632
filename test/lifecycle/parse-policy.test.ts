import { describe, expect, test } from "vitest";
import { parseLifecyclePolicy } from "../../src/lifecycle/parse-policy.ts";
import { older, patterns, policyText, prefixes, type RuleText, rule, TO_ARCHIVE } from "./builders.ts";

const PREFIX = "Lifecycle policy validation failure: ";
const NO_SCHEMA = "instance failed to match exactly one schema (matched 0 out of 2)";

function refusalOf(text: string): string {
  try {
    parseLifecyclePolicy(text);
  } catch (error) {
    expect(error).toMatchObject({ name: "RegistryError", reason: "LIFECYCLE_POLICY_INVALID" });
    const { message } = error as Error;
    expect(message.startsWith(PREFIX)).toBe(true);
    return message.slice(PREFIX.length);
  }
  return "accepted";
}

const without = (member: string): RuleText => {
  const { [member]: _, ...rest } = rule(1, {});
  return rest;
};
const withoutSelection = (member: string): RuleText => {
  const { [member]: _, ...selection } = rule(1, {})["selection"] as RuleText;
  return { ...rule(1, {}), selection };
};
const since = (countType: string, days: number): RuleText => ({ ...older(days), countType });
const archived = (days: number): RuleText => ({
  storageClass: "archive",
  ...since("sinceImageTransitioned", days),
});

describe("a policy is refused", () => {
  test.each([
    ["that is no JSON", "{"],
    ["that is empty", ""],
    ["that is a list", "[]"],
    ["that is null", "null"],
    ["that is a text", '"rules"'],
  ])("%s", (_, text) => {
    expect(refusalOf(text)).toBe("Could not map policyString into LifecyclePolicy.");
  });

  test.each<[string, unknown, string]>([
    ["without rules", {}, 'object has missing required properties (["rules"])'],
    [
      "with another member",
      { rules: [rule(1, {})], Rules: [] },
      'object instance has properties which are not allowed by the schema: (["Rules"])',
    ],
    [
      "whose rules are null",
      { rules: null },
      'instance type (null) does not match any allowed primitive type (allowed: ["array"])',
    ],
    [
      "whose rules are an object",
      { rules: {} },
      'instance type (object) does not match any allowed primitive type (allowed: ["array"])',
    ],
    [
      "without a rule",
      { rules: [] },
      "array is too short: must have at least 1 elements but instance has 0 elements",
    ],
    [
      "with 51 rules",
      { rules: Array.from({ length: 51 }, (_, at) => rule(at + 1, prefixes(`v${at}`))) },
      "array is too long: must have at most 50 elements but instance has 51 elements",
    ],
    [
      "with a rule that is a list",
      { rules: [[]] },
      'instance type (array) does not match any allowed primitive type (allowed: ["object"])',
    ],
  ])("%s", (_, policy, message) => {
    expect(refusalOf(JSON.stringify(policy))).toBe(message);
  });

  test.each<[string, RuleText, string]>([
    [
      "without a priority",
      without("rulePriority"),
      'object has missing required properties (["rulePriority"])',
    ],
    ["without an action", without("action"), 'object has missing required properties (["action"])'],
    [
      "without members",
      {},
      'object has missing required properties (["action", "rulePriority", "selection"])',
    ],
    [
      "with other members",
      rule(1, {}, { zebra: 1, ape: 2 }),
      'object instance has properties which are not allowed by the schema: (["ape", "zebra"])',
    ],
    [
      "of priority 0",
      rule(0, {}),
      "numeric instance is lower than the required minimum (minimum: 1, found: 0)",
    ],
    [
      "of a priority beyond 32 bits",
      rule(2_147_483_648, {}),
      "numeric instance is greater than the required maximum (maximum: 2147483647, found: 2147483648)",
    ],
    [
      "of a priority in between",
      rule(1.5, {}),
      'instance type (number) does not match any allowed primitive type (allowed: ["integer"])',
    ],
    [
      "of a priority that is a text",
      rule(1, {}, { rulePriority: "1" }),
      'instance type (string) does not match any allowed primitive type (allowed: ["integer"])',
    ],
    [
      "with a description that is none",
      rule(1, {}, { description: null }),
      'instance type (null) does not match any allowed primitive type (allowed: ["string"])',
    ],
    [
      "with an action that is a text",
      rule(1, {}, { action: "expire" }),
      'instance type (string) does not match any allowed primitive type (allowed: ["object"])',
    ],
    [
      "with an action without type",
      rule(1, {}, { action: {} }),
      'object has missing required properties (["type"])',
    ],
    [
      "with another member of its action",
      rule(1, {}, { action: { type: "expire", x: 1 } }),
      'object instance has properties which are not allowed by the schema: (["x"])',
    ],
    [
      "with an unknown action",
      rule(1, {}, { action: { type: "EXPIRE" } }),
      'instance value (EXPIRE) not found in enum :(possible values: ["expire", "transition"])',
    ],
    [
      "that expires into a class",
      rule(1, {}, { action: { type: "expire", targetStorageClass: "archive" } }),
      NO_SCHEMA,
    ],
    [
      "that expires into null",
      rule(1, {}, { action: { type: "expire", targetStorageClass: null } }),
      NO_SCHEMA,
    ],
    ["that moves nowhere", rule(1, {}, { action: { type: "transition" } }), NO_SCHEMA],
    [
      "that moves into another class",
      rule(1, {}, { action: { type: "transition", targetStorageClass: "standard" } }),
      'instance value (standard) not found in enum :(possible values: ["archive"])',
    ],
    [
      "with a selection that is a list",
      rule(1, {}, { selection: [] }),
      'instance type (array) does not match any allowed primitive type (allowed: ["object"])',
    ],
    [
      "without a count",
      withoutSelection("countNumber"),
      'object has missing required properties (["countNumber"])',
    ],
    [
      "with another member of its selection",
      rule(1, { tagRegexList: [] }),
      'object instance has properties which are not allowed by the schema: (["tagRegexList"])',
    ],
    [
      "of an unknown tagStatus",
      rule(1, { tagStatus: "Tagged" }),
      'instance value (Tagged) not found in enum :(possible values: ["any", "tagged", "untagged"])',
    ],
    [
      "of a tagStatus that is a number",
      rule(1, { tagStatus: 7 }),
      'instance value (7) not found in enum :(possible values: ["any", "tagged", "untagged"])',
    ],
    [
      "of an unknown storage class",
      rule(1, { storageClass: "STANDARD" }),
      'instance value (STANDARD) not found in enum :(possible values: ["archive", "standard"])',
    ],
    ["of an unknown countType", rule(1, { countType: "imageCount" }), NO_SCHEMA],
    ["that counts images in days", rule(1, { countUnit: "days" }), NO_SCHEMA],
    ["of an age without a unit", rule(1, { countType: "sinceImagePushed" }), NO_SCHEMA],
    [
      "of an age in weeks",
      rule(1, { ...older(1), countUnit: "weeks" }),
      'instance value (weeks) not found in enum :(possible values: ["days"])',
    ],
    [
      "that keeps no image",
      rule(1, { countNumber: 0 }),
      "numeric instance is lower than the required minimum (minimum: 1, found: 0)",
    ],
    [
      "of tags without a list",
      rule(1, { tagStatus: "tagged" }),
      "Must specify tagPrefixList or tagPatternList when tagStatus=TAGGED.",
    ],
    [
      "of tags with an empty list",
      rule(1, prefixes()),
      "Must specify tagPrefixList or tagPatternList when tagStatus=TAGGED.",
    ],
    [
      "with a list that is null",
      rule(1, { tagStatus: "tagged", tagPrefixList: null }),
      'instance type (null) does not match any allowed primitive type (allowed: ["array"])',
    ],
    [
      "with a list of numbers",
      rule(1, { tagStatus: "tagged", tagPatternList: [1] }),
      'instance type (integer) does not match any allowed primitive type (allowed: ["string"])',
    ],
    [
      "with an empty prefix",
      rule(1, prefixes("")),
      'string "" is too short (length: 0, required minimum: 1)',
    ],
    [
      "of untagged images with prefixes",
      rule(1, { ...prefixes("v"), tagStatus: "untagged" }),
      "tagPrefixList and tagPatternList are for tagStatus=TAGGED, not for tagStatus=UNTAGGED.",
    ],
    [
      "of any images with patterns",
      rule(1, { ...patterns("v"), tagStatus: "any" }),
      "tagPrefixList and tagPatternList are for tagStatus=TAGGED, not for tagStatus=ANY.",
    ],
    [
      "with both lists",
      rule(1, { ...prefixes("v"), ...patterns("v*") }),
      "Must specify only one of tagPrefixList and tagPatternList.",
    ],
    [
      "with five wildcards",
      rule(1, patterns("*a*b*c*d*")),
      "The pattern '*a*b*c*d*' of tagPatternList has 5 wildcards (*); the maximum is 4.",
    ],
    [
      "that expires by pulls",
      rule(1, since("sinceImagePulled", 9)),
      "rulePriority=1: countType=sinceImagePulled is only for the action transition.",
    ],
    [
      "that archives the archived",
      rule(1, archived(90), TO_ARCHIVE),
      "rulePriority=1: countType=sinceImageTransitioned is only for the action expire.",
    ],
    [
      "of the time in the archive, outside of it",
      rule(1, since("sinceImageTransitioned", 90)),
      "rulePriority=1: countType=sinceImageTransitioned is only for storageClass=archive.",
    ],
    [
      "that counts archived images",
      rule(1, { storageClass: "archive" }),
      "rulePriority=1: countType=imageCountMoreThan is only for storageClass=standard.",
    ],
    [
      "that deletes from the archive after 89 days",
      rule(1, archived(89)),
      "rulePriority=1: images that have been in the archive storage class for less than 90 days cannot be deleted by a lifecycle policy; countNumber is 89.",
    ],
  ])("with a rule %s", (_, one, message) => {
    expect(refusalOf(policyText(one))).toBe(message);
  });

  test.each<[string, readonly RuleText[], string]>([
    [
      "of one priority",
      [rule(3, prefixes("a")), rule(3, prefixes("b"))],
      "Rule priorities must be unique; more than one rule has rulePriority=3.",
    ],
    [
      "of untagged images",
      [rule(1, { tagStatus: "untagged" }), rule(2, { tagStatus: "untagged", ...older(3) })],
      "Only one rule can select Untagged images per storage class.",
    ],
    [
      "of which the one of all images is not the last",
      [rule(2, prefixes("a")), rule(1, {})],
      "Rule for tagStatus=ANY must have the lowest priority per storage class",
    ],
    [
      "of all images",
      [rule(1, {}), rule(2, older(3))],
      "Rule for tagStatus=ANY must have the lowest priority per storage class",
    ],
    [
      "of the same prefixes",
      [rule(1, prefixes("a", "b")), rule(2, prefixes("b", "a"))],
      "rulePriority=2: another rule of the same storage class has the same tagPrefixList.",
    ],
    [
      "of the same patterns",
      [rule(1, patterns("a*")), rule(2, patterns("a*", "a*"))],
      "rulePriority=2: another rule of the same storage class has the same tagPatternList.",
    ],
  ])("with two rules %s", (_, rules, message) => {
    expect(refusalOf(policyText(...rules))).toBe(message);
  });

  test("with no more of a value than is worth reading", () => {
    const long = "x".repeat(30_000);
    expect(refusalOf(policyText(rule(1, { tagStatus: long }))).length).toBeLessThan(300);
    expect(refusalOf(policyText(rule(1, { [long]: 1 }))).length).toBeLessThan(300);
    expect(refusalOf(policyText(rule(1, patterns(`*${long}*****`)))).length).toBeLessThan(300);
  });
});

describe("a policy is accepted", () => {
  test("with rules in any order, which are read by priority", () => {
    const text = policyText(
      rule(20, {}),
      rule(3, prefixes("a", "b"), { description: "some" }),
      rule(7, { tagStatus: "untagged", ...older(3) }),
    );
    expect(parseLifecyclePolicy(text)).toEqual({
      rules: [
        {
          priority: 3,
          description: "some",
          tags: { status: "tagged", by: "prefix", entries: ["a", "b"] },
          storageClass: "standard",
          limit: { type: "imageCountMoreThan", number: 1 },
          action: "expire",
        },
        {
          priority: 7,
          description: undefined,
          tags: { status: "untagged" },
          storageClass: "standard",
          limit: { type: "sinceImagePushed", number: 3 },
          action: "expire",
        },
        {
          priority: 20,
          description: undefined,
          tags: { status: "any" },
          storageClass: "standard",
          limit: { type: "imageCountMoreThan", number: 1 },
          action: "expire",
        },
      ],
    });
  });

  test.each<[string, readonly RuleText[]]>([
    ["with a rule of any images in each storage class", [rule(1, {}), rule(2, archived(90))]],
    [
      "with a rule of untagged images in each storage class",
      [rule(1, { tagStatus: "untagged" }), rule(2, { ...archived(90), tagStatus: "untagged" })],
    ],
    [
      "with the same prefixes in each storage class",
      [rule(1, prefixes("a")), rule(2, { ...archived(365), ...prefixes("a") })],
    ],
    ["with the same text as prefix and as pattern", [rule(1, prefixes("a")), rule(2, patterns("a"))]],
    ["with an empty list beside one that is not", [rule(1, { ...prefixes("a"), tagPatternList: [] })]],
    ["with an empty list where none belongs", [rule(1, { tagPrefixList: [], tagStatus: "untagged" })]],
    ["with four wildcards", [rule(1, patterns("*a*b*c*"))]],
    ["that archives by pulls", [rule(1, since("sinceImagePulled", 30), TO_ARCHIVE)]],
    ["that archives by number", [rule(1, { storageClass: "standard" }, TO_ARCHIVE)]],
    ["with 50 rules", Array.from({ length: 50 }, (_, at) => rule(at + 1, prefixes(`v${at}`)))],
  ])("%s", (_, rules) => {
    expect(parseLifecyclePolicy(policyText(...rules)).rules).toHaveLength(rules.length);
  });
});
