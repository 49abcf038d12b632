import { sortInSteps } from "../kernel/sort-in-steps.ts";
import { goesWith } from "./followers.ts";
import type { LifecyclePolicy, Rule, StorageClass } from "./policy.ts";
import { type Relations, relate } from "./relations.ts";
import { bornAt, type ImageFacts, type ImageUnit, type Snapshot, usedAt } from "./snapshot.ts";
import { TagTest } from "./tag-test.ts";
import type { Because, Verdict } from "./verdict.ts";

/** Images that are judged in one piece of work. */
const PIECE = 200;
const DAY = 24 * 3_600_000;

/** What an evaluation goes by. `now`: milliseconds since 1970. */
export interface Evaluation {
  readonly now: number;
  readonly unit: ImageUnit;
}

/**
 * What a policy wants done with the images of a repository: the oldest first, and what goes with an image right after the
 * images that are there by rules. All rules look at the same snapshot; an image that has the tags that a rule asks for is
 * out of reach of those after it, also where that rule keeps it, but they count it. The work yields where others may have
 * their turn; its cost is linear in images times rules, apart from the sorting.
 */
export function* evaluate(
  { rules }: LifecyclePolicy,
  snapshot: Snapshot,
  { now, unit }: Evaluation,
): Generator<void, readonly Verdict[]> {
  const relations = yield* relate(snapshot);
  const standard = yield* judgeClass("standard", { rules, snapshot, relations, now, unit });
  const archive = yield* judgeClass("archive", { rules, snapshot, relations, now, unit });
  const verdicts = standard.concat(archive);
  return unit === "strict" ? verdicts : yield* goesWith(verdicts, relations);
}

interface Judged extends Evaluation {
  readonly rules: readonly Rule[];
  readonly snapshot: Snapshot;
  readonly relations: Relations;
}

function* judgeClass(
  storageClass: StorageClass,
  { rules, snapshot, relations, now, unit }: Judged,
): Generator<void, Verdict[]> {
  const own = rules.filter((rule) => rule.storageClass === storageClass);
  if (own.length === 0) return [];
  const candidates: ImageFacts[] = [];
  for (const [at, image] of snapshot.images.entries()) {
    if (at % PIECE === 0) yield;
    if (image.storageClass === storageClass && relations.standsAlone(image, unit)) candidates.push(image);
  }
  const images = yield* sortInSteps(candidates, youngestFirst);
  const reached = images.map((): Reached => ({ isClaimed: false, verdict: undefined }));
  for (const rule of own) yield* applyRule(rule, images, reached, now);
  return reached.flatMap(({ verdict }) => verdict ?? []).reverse();
}

function youngestFirst(a: ImageFacts, b: ImageFacts): number {
  return bornAt(b) - bornAt(a) || (a.digest < b.digest ? -1 : 1);
}

/** What the rules so far have made of an image. */
interface Reached {
  isClaimed: boolean;
  verdict: Verdict | undefined;
}

function* applyRule(
  rule: Rule,
  images: readonly ImageFacts[],
  reached: readonly Reached[],
  now: number,
): Generator<void, void> {
  const test = new TagTest(rule.tags);
  let place = 0;
  for (const [at, image] of images.entries()) {
    if (at % PIECE === 0) yield;
    const { tags } = image;
    if (!(test.isQuick(tags) ? test.fulfils(tags) : yield* test.fulfilsInSteps(tags))) continue;
    place++;
    const state = reached[at] as Reached;
    if (state.isClaimed) continue;
    state.isClaimed = true;
    const because = tooMany(rule, image, place, now);
    if (because !== undefined) state.verdict = { image, rule, because };
  }
}

/** Why an image of a rule is one too many; undefined where it is not. `place`: among those of the rule, the youngest is 1. */
function tooMany(
  { limit: { type, number } }: Rule,
  image: ImageFacts,
  place: number,
  now: number,
): Because | undefined {
  if (type === "imageCountMoreThan") return place > number ? { kind: "place", place } : undefined;
  const since = SINCE[type](image);
  return since !== undefined && now - since > number * DAY ? { kind: "age", age: now - since } : undefined;
}

/** From when the age of an image counts. */
const SINCE = {
  sinceImagePushed: bornAt,
  sinceImagePulled: usedAt,
  sinceImageTransitioned: ({ archivedAt }: ImageFacts) => archivedAt,
};
