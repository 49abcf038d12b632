import type { Listing } from "../../src/lifecycle/snapshot.ts";
import { DAY, NOW, type RuleText, type TestImage } from "./builders.ts";

// ECR's prose, sentence by sentence, without any care for speed.

interface Selection {
  readonly tagStatus: "tagged" | "untagged" | "any";
  readonly tagPrefixList?: readonly string[];
  readonly tagPatternList?: readonly string[];
  readonly countType: string;
  readonly countNumber: number;
}

const selectionOf = (rule: RuleText): Selection => rule["selection"] as Selection;
const priorityOf = (rule: RuleText): number => rule["rulePriority"] as number;
export const expires = (rule: RuleText): boolean => (rule["action"] as RuleText)["type"] === "expire";

function fits(pattern: string, tag: string): boolean {
  const parts = pattern.split("*").map((part) => part.replaceAll(/[.+?^${}()|[\]\\-]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`, "s").test(tag);
}

function meetsTags(rule: RuleText, { tags }: TestImage): boolean {
  const { tagStatus, tagPrefixList = [], tagPatternList = [] } = selectionOf(rule);
  if (tagStatus === "any") return true;
  if (tagStatus === "untagged") return tags.length === 0;
  return (
    tagPrefixList.every((prefix) => tags.some((tag) => tag.startsWith(prefix))) &&
    tagPatternList.every((pattern) => tags.some((tag) => fits(pattern, tag)))
  );
}

function isYounger(a: TestImage, b: TestImage): boolean {
  return a.pushedAt > b.pushedAt || (a.pushedAt === b.pushedAt && a.digest < b.digest);
}

/** Images that stand for themselves: no index lists them, and what they refer to is not there. */
function standing(images: readonly TestImage[], listings: readonly Listing[]): readonly TestImage[] {
  return images.filter(
    ({ id, subject }) =>
      !listings.some(({ listed }) => listed === id) && !images.some(({ digest }) => digest === subject),
  );
}

/** The rule that acts on each image that stands for itself. */
export function actedOn(
  rules: readonly RuleText[],
  images: readonly TestImage[],
  listings: readonly Listing[],
): ReadonlyMap<TestImage, RuleText> {
  const alone = standing(images, listings);
  const acted = new Map<TestImage, RuleText>();
  for (const image of alone) {
    const mine = rules.filter((rule) => meetsTags(rule, image));
    const first = mine.find((rule) => mine.every((other) => priorityOf(rule) <= priorityOf(other)));
    if (first === undefined) continue;
    const { countType, countNumber } = selectionOf(first);
    const younger = alone.filter((other) => meetsTags(first, other) && isYounger(other, image));
    const tooMany =
      countType === "imageCountMoreThan"
        ? younger.length >= countNumber
        : NOW - image.pushedAt > countNumber * DAY;
    if (tooMany) acted.set(image, first);
  }
  return acted;
}

/** What goes with images that go: asked again of every image until nothing is added. */
export function withFollowers(
  going: ReadonlySet<TestImage>,
  images: readonly TestImage[],
  listings: readonly Listing[],
): ReadonlySet<TestImage> {
  const all = new Set(going);
  const goes = (id: number): boolean => [...all].some((image) => image.id === id);
  for (let before = -1; before !== all.size; ) {
    before = all.size;
    for (const image of images) {
      const indexes = listings.filter(({ listed }) => listed === image.id).map(({ index }) => index);
      const subject = images.find(({ digest }) => digest === image.subject);
      const leaders = [...indexes, ...(subject === undefined ? [] : [subject.id])];
      if (image.tags.length === 0 && leaders.length > 0 && leaders.every(goes)) all.add(image);
    }
  }
  return all;
}
