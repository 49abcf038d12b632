import { inTurns } from "../../src/kernel/in-turns.ts";
import { Turns } from "../../src/kernel/turns.ts";
import { evaluate } from "../../src/lifecycle/evaluate.ts";
import { parseLifecyclePolicy } from "../../src/lifecycle/parse-policy.ts";
import type { ImageFacts, ImageUnit, Listing } from "../../src/lifecycle/snapshot.ts";
import { sentenceOf, type Verdict } from "../../src/lifecycle/verdict.ts";
import { digestOfText } from "../support/manifests.ts";

export const NOW = Date.parse("2030-01-01T00:00:00Z");
export const DAY = 24 * 3_600_000;

/** Members of a rule as a policy has them. */
export type RuleText = Readonly<Record<string, unknown>>;

/** A rule that keeps `countNumber` images; `selection` replaces what differs. */
export function rule(rulePriority: number, selection: RuleText, more: RuleText = {}): RuleText {
  return {
    rulePriority,
    selection: { tagStatus: "any", countType: "imageCountMoreThan", countNumber: 1, ...selection },
    action: { type: "expire" },
    ...more,
  };
}

export const older = (days: number): RuleText => ({
  ...{ countType: "sinceImagePushed", countUnit: "days", countNumber: days },
});
export const prefixes = (...tagPrefixList: string[]): RuleText => ({ tagStatus: "tagged", tagPrefixList });
export const patterns = (...tagPatternList: string[]): RuleText => ({ tagStatus: "tagged", tagPatternList });
export const TO_ARCHIVE: RuleText = { action: { type: "transition", targetStorageClass: "archive" } };

export function policyText(...rules: readonly RuleText[]): string {
  return JSON.stringify({ rules });
}

/** An image that was pushed so many days ago; `name` is what tests know it by. */
export interface TestImage extends ImageFacts {
  readonly name: string;
}

let ids = 0;

export function anImage(
  name: string,
  daysOld: number,
  tags: readonly string[] = [],
  more: Partial<ImageFacts> = {},
): TestImage {
  return {
    ...{ name, id: ++ids, digest: digestOfText(name), tags, pushedAt: NOW - daysOld * DAY },
    ...{ pulledAt: undefined, storageClass: "standard", activatedAt: undefined, archivedAt: undefined },
    ...{ subject: undefined, ...more },
  };
}

export const lists = (index: TestImage, ...children: readonly TestImage[]): readonly Listing[] =>
  children.map(({ id }) => ({ index: index.id, listed: id }));

export interface Case {
  readonly rules: readonly RuleText[];
  readonly images: readonly TestImage[];
  readonly listings?: readonly Listing[];
  readonly unit?: ImageUnit;
}

export function verdictsOf({
  rules,
  images,
  listings = [],
  unit = "image",
}: Case): Promise<readonly Verdict[]> {
  const policy = parseLifecyclePolicy(policyText(...rules));
  return inTurns(evaluate(policy, { images, listings }, { now: NOW, unit }), new Turns());
}

/** Names of the images that go, in order, each with the priority of its rule. */
export async function goingOf(given: Case): Promise<readonly string[]> {
  return (await verdictsOf(given)).map(
    ({ image, rule: { priority } }) => `${(image as TestImage).name} ${priority}`,
  );
}

/** The sentence of each image that goes, by its name. */
export async function sentencesOf(given: Case): Promise<Readonly<Record<string, string>>> {
  const verdicts = await verdictsOf(given);
  return Object.fromEntries(verdicts.map((each) => [(each.image as TestImage).name, sentenceOf(each)]));
}
