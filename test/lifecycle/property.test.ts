import fc from "fast-check";
import { expect, test } from "vitest";
import { sortInSteps } from "../../src/kernel/sort-in-steps.ts";
import { parseLifecyclePolicy } from "../../src/lifecycle/parse-policy.ts";
import type { Listing } from "../../src/lifecycle/snapshot.ts";
import {
  anImage,
  NOW,
  older,
  patterns,
  policyText,
  prefixes,
  type RuleText,
  rule,
  type TestImage,
  TO_ARCHIVE,
  verdictsOf,
} from "./builders.ts";
import { actedOn, expires, withFollowers } from "./oracle.ts";

const CASES = Number(process.env["LIFECYCLE_CASES"] ?? 3_000);
const SEED = Number(process.env["LIFECYCLE_SEED"] ?? 20_220_601);

const aTag = fc.stringMatching(/^[ab]{1,3}$/);
const aPattern = fc.stringMatching(/^[ab*]{1,4}$/);
const aLimit = fc.oneof(
  fc.integer({ min: 1, max: 4 }).map((countNumber) => ({ countNumber })),
  fc.integer({ min: 1, max: 6 }).map(older),
);
const someTags = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.uniqueArray(aTag, { minLength: 1, maxLength: 2 }).map((list) => prefixes(...list)),
  },
  {
    weight: 2,
    arbitrary: fc.uniqueArray(aPattern, { minLength: 1, maxLength: 2 }).map((list) => patterns(...list)),
  },
  { weight: 1, arbitrary: fc.constant({ tagStatus: "untagged" }) },
  { weight: 1, arbitrary: fc.constant({ tagStatus: "any" }) },
);
const aRule = fc.tuple(fc.integer({ min: 1, max: 9 }), someTags, aLimit, fc.boolean());

/** Rules that are a policy together. */
const someRules: fc.Arbitrary<readonly RuleText[]> = fc
  .array(aRule, { minLength: 1, maxLength: 4 })
  .map((rules) =>
    rules.map(([priority, tags, limit, archives]) =>
      rule(priority, { ...tags, ...limit }, archives ? TO_ARCHIVE : {}),
    ),
  )
  .filter((rules) => {
    try {
      return parseLifecyclePolicy(policyText(...rules)).rules.length > 0;
    } catch {
      return false;
    }
  });

interface Content {
  readonly images: readonly TestImage[];
  readonly listings: readonly Listing[];
}

/** An image may refer to one before it, and list those before it. */
const someContent: fc.Arbitrary<Content> = fc
  .array(
    fc.record({
      days: fc.integer({ min: 0, max: 7 }),
      tags: fc.uniqueArray(aTag, { maxLength: 3 }),
      subject: fc.option(fc.nat(11), { nil: undefined, freq: 3 }),
      lists: fc.oneof(
        { weight: 3, arbitrary: fc.constant([]) },
        { weight: 1, arbitrary: fc.array(fc.nat(11), { maxLength: 3 }) },
      ),
    }),
    { maxLength: 12 },
  )
  .map((drafts) => {
    const images: TestImage[] = [];
    const listings: Listing[] = [];
    for (const [at, { days, tags, subject, lists }] of drafts.entries()) {
      const earlier = (place: number): TestImage | undefined => images[place % (at + 1)];
      const refersTo = subject === undefined ? undefined : earlier(subject)?.digest;
      const image = anImage(`image ${at}`, days, tags.toSorted(), {
        subject: refersTo,
        pushedAt: NOW - days * 86_400_000,
      });
      for (const place of lists) {
        const child = earlier(place);
        if (child !== undefined) listings.push({ index: image.id, listed: child.id });
      }
      images.push(image);
    }
    return { images, listings };
  });

test(`${CASES} policies on repositories at random`, async () => {
  await fc.assert(
    fc.asyncProperty(someRules, someContent, async (rules, { images, listings }) => {
      const acted = actedOn(rules, images, listings);
      const found = await verdictsOf({ rules, images, listings });
      const named = (of: Iterable<TestImage>): readonly string[] =>
        [...of].map(({ name }) => name).toSorted();
      const byRules = found.filter(({ because }) => because.kind === "place" || because.kind === "age");
      expect(
        byRules.map(({ image, rule: { priority } }) => [(image as TestImage).name, priority]).toSorted(),
      ).toEqual([...acted].map(([{ name }, { rulePriority }]) => [name, rulePriority]).toSorted());
      const expiring = withFollowers(
        new Set([...acted].filter(([, by]) => expires(by)).map(([image]) => image)),
        images,
        listings,
      );
      const going = withFollowers(new Set([...expiring, ...acted.keys()]), images, listings);
      const ofAction = (action: string): readonly string[] =>
        named(
          found.filter(({ rule: { action: own } }) => own === action).map(({ image }) => image as TestImage),
        );
      expect(ofAction("expire")).toEqual(named(expiring));
      expect(ofAction("transition")).toEqual(named([...going].filter((image) => !expiring.has(image))));
      expectOrder(
        found.map(({ image }) => image.id),
        listings,
      );
    }),
    { numRuns: CASES, seed: SEED },
  );
});

/** An index that goes does so before what it lists. */
function expectOrder(ids: readonly number[], listings: readonly Listing[]): void {
  expect(new Set(ids).size).toBe(ids.length);
  for (const { index, listed } of listings) {
    if (ids.includes(index) && ids.includes(listed)) {
      expect(ids.indexOf(index)).toBeLessThan(ids.indexOf(listed));
    }
  }
}

test("sorting in steps is sorting", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 30 }), (numbers) => {
      const many = Array.from({ length: 300 }, () => numbers).flat();
      const compare = (a: readonly number[], b: readonly number[]): number => (a[0] ?? 0) - (b[0] ?? 0);
      const items = many.map((number, at) => [number, at]);
      const steps = sortInSteps(items, compare);
      let step = steps.next();
      while (step.done !== true) step = steps.next();
      expect(step.value).toEqual(items.toSorted(compare));
    }),
    { numRuns: 60 },
  );
});
