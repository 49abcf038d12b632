import { describe, expect, test } from "vitest";
import type { ImageFacts } from "../../src/lifecycle/snapshot.ts";
import { digestOfText } from "../support/manifests.ts";
import {
  anImage,
  DAY,
  goingOf,
  lists,
  NOW,
  older,
  patterns,
  prefixes,
  type RuleText,
  rule,
  sentencesOf,
  TO_ARCHIVE,
} from "./builders.ts";

const untagged = { tagStatus: "untagged" };

describe("ECR's own examples", () => {
  test("untagged images older than 14 days", async () => {
    const images = [anImage("A", 15), anImage("B", 13), anImage("C", 15, ["v1"])];
    expect(await goingOf({ rules: [rule(1, { ...untagged, ...older(14) })], images })).toEqual(["A 1"]);
  });

  test("one untagged image is kept", async () => {
    const images = [anImage("A", 3), anImage("B", 2), anImage("C", 1, ["v1"])];
    expect(await goingOf({ rules: [rule(1, untagged)], images })).toEqual(["A 1"]);
  });

  const releases = [
    anImage("A", 10, ["beta-1", "prod-1"]),
    anImage("B", 9, ["beta-2", "prod-2"]),
    anImage("C", 8, ["beta-3"]),
  ];

  test("several rules: what a rule keeps is out of reach of the later ones", async () => {
    const rules = [rule(1, prefixes("prod")), rule(2, prefixes("beta"))];
    expect(await goingOf({ rules, images: releases })).toEqual(["A 1"]);
  });

  test("several rules, the other way round", async () => {
    const rules = [rule(1, prefixes("beta")), rule(2, prefixes("prod"))];
    expect(await goingOf({ rules, images: releases })).toEqual(["A 1", "B 1"]);
  });

  const greek = [
    anImage("A", 12, ["alpha-1"]),
    anImage("B", 11, ["beta-1"]),
    anImage("C", 10, ["alpha-2", "beta-2"]),
    anImage("D", 4, ["alpha-3"]),
    anImage("E", 3, ["beta-3"]),
    anImage("F", 2, ["alpha-4", "beta-4"]),
  ];

  test.each<[string, RuleText, readonly string[]]>([
    ["one prefix by age", { ...prefixes("alpha"), ...older(5) }, ["A 1", "C 1"]],
    ["two prefixes by age: an image needs both", { ...prefixes("alpha", "beta"), ...older(5) }, ["C 1"]],
    ["one prefix by number", prefixes("alpha"), ["A 1", "C 1", "D 1"]],
    ["two prefixes by number", prefixes("alpha", "beta"), ["C 1"]],
    ["two patterns by number", patterns("*pha*", "beta-*"), ["C 1"]],
  ])("%s", async (_, selection, going) => {
    expect(await goingOf({ rules: [rule(1, selection)], images: greek })).toEqual(going);
  });

  test("all images after rules that have kept some", async () => {
    const images = [
      anImage("A", 4, ["alpha-1", "beta-1"]),
      anImage("B", 3),
      anImage("C", 2, ["alpha-2"]),
      anImage("D", 1, ["githash"]),
      anImage("E", 0.9),
    ];
    const rules = [rule(1, prefixes("alpha")), rule(2, { ...untagged, ...older(1) }), rule(3, {})];
    expect(await goingOf({ rules, images })).toEqual(["A 1", "B 2", "D 3"]);
  });
});

describe("an image is one too many", () => {
  test("by age when it is older than so many times 24 hours, not when it is just as old", async () => {
    const images = [anImage("A", 2), anImage("B", 2, [], { pushedAt: NOW - 2 * DAY - 1 })];
    expect(await goingOf({ rules: [rule(1, older(2))], images })).toEqual(["B 1"]);
  });

  test("by number, and of those pushed at one time by digest", async () => {
    const images = ["A", "B", "C"].map((name) => anImage(name, 1));
    const [kept, ...rest] = images.toSorted((a, b) => (a.digest < b.digest ? -1 : 1));
    const going = await goingOf({ rules: [rule(1, {})], images });
    expect(going).toEqual(rest.toReversed().map(({ name }) => `${name} 1`));
    expect(going).not.toContain(`${kept?.name} 1`);
  });

  test.each<[string, Partial<ImageFacts>, boolean]>([
    ["never pulled, from its push", {}, true],
    ["pulled lately", { pulledAt: NOW - DAY }, false],
    ["pulled long ago", { pulledAt: NOW - 11 * DAY }, true],
    ["restored lately, and not pulled since", { pulledAt: NOW - 15 * DAY, activatedAt: NOW - DAY }, false],
    ["restored long ago, and pulled lately", { pulledAt: NOW - DAY, activatedAt: NOW - 15 * DAY }, false],
    ["restored long ago, and never pulled", { activatedAt: NOW - 12 * DAY }, true],
  ])("by its last pull: %s", async (_, facts, goes) => {
    const selection = { ...older(10), countType: "sinceImagePulled" };
    const images = [anImage("A", 20, [], facts)];
    expect(await goingOf({ rules: [rule(1, selection, TO_ARCHIVE)], images })).toEqual(goes ? ["A 1"] : []);
  });

  test("by its push, or by its return from the archive", async () => {
    const images = [anImage("A", 20, [], { activatedAt: NOW - DAY }), anImage("B", 10)];
    expect(await goingOf({ rules: [rule(1, older(5))], images })).toEqual(["B 1"]);
    expect(await goingOf({ rules: [rule(1, {})], images })).toEqual(["B 1"]);
  });

  test("in the archive by the time there, whatever rules say of the others", async () => {
    const archived = (days: number): Partial<ImageFacts> => ({
      storageClass: "archive",
      archivedAt: NOW - days * DAY,
    });
    const images = [
      anImage("A", 400, ["v1"], archived(100)),
      anImage("B", 400, ["v2"], archived(89)),
      anImage("C", 400, ["v3"]),
      anImage("D", 1, ["v4"]),
      anImage("E", 400, [], { storageClass: "archive" }),
    ];
    const selection = { ...older(90), countType: "sinceImageTransitioned", storageClass: "archive" };
    const rules = [rule(1, {}), rule(2, selection)];
    expect(await goingOf({ rules, images })).toEqual(["C 1", "A 2"]);
  });
});

describe("a rule is about images", () => {
  test.each<[string, RuleText, readonly string[]]>([
    ["whose tag begins so, by its case", prefixes("v1"), ["A 1"]],
    ["of a prefix that is the whole tag", prefixes("v1.0"), ["A 1"]],
    ["whose whole tag fits", patterns("v1*"), ["A 1"]],
    ["whose whole tag fits, not a part of it", patterns("1"), []],
    ["whose tag fits without wildcards", patterns("v1.0"), ["A 1"]],
    ["of a pattern in which ? is itself", patterns("v?.0"), []],
    ["with different tags for different entries", prefixes("v1", "latest"), ["A 1"]],
    ["with one tag for several entries", patterns("*v*", "*.0"), ["A 1"]],
    ["and about no others where an entry has no tag", prefixes("v1", "zzz"), []],
  ])("%s", async (_, selection, going) => {
    const images = [anImage("A", 9, ["latest", "v1.0"]), anImage("B", 9, ["V1.0"]), anImage("C", 9)];
    expect(await goingOf({ rules: [rule(1, { ...selection, ...older(1) })], images })).toEqual(going);
  });

  test("of very many tags, and very many entries", async () => {
    const entries = Array.from({ length: 2_000 }, (_, at) => `t${at}x`);
    const tags = Array.from({ length: 2_500 }, (_, at) => `t${at}x`);
    const images = [anImage("A", 9, tags), anImage("B", 9, tags.slice(1))];
    expect(await goingOf({ rules: [rule(1, { ...prefixes(...entries), ...older(1) })], images })).toEqual([
      "A 1",
    ]);
  });
});

describe("an index, what it lists and what refers to it", () => {
  const [arm, amd] = [anImage("arm", 30), anImage("amd", 30)];
  const index = anImage("index", 30, ["v1"]);
  const signature = anImage("signature", 30, [], { subject: index.digest });
  const sbom = anImage("sbom", 30, [], { subject: arm.digest });
  const newest = anImage("newest", 1, ["v2"]);
  const images = [arm, amd, index, signature, sbom, newest];
  const listings = lists(index, arm, amd);

  test("are one image: counted once, and gone together, the index first", async () => {
    expect(await goingOf({ rules: [rule(1, {})], images, listings })).toEqual([
      "index 1",
      ...["arm 1", "amd 1", "signature 1", "sbom 1"],
    ]);
    expect(await goingOf({ rules: [rule(1, { countNumber: 2 })], images, listings })).toEqual([]);
  });

  test("are no untagged images", async () => {
    const rules = [rule(1, { ...untagged, ...older(5) })];
    expect(await goingOf({ rules, images, listings })).toEqual([]);
  });

  test("are archived together", async () => {
    const going = await goingOf({ rules: [rule(1, older(5), TO_ARCHIVE)], images, listings });
    expect(going).toEqual(["index 1", "arm 1", "amd 1", "signature 1", "sbom 1"]);
  });

  test("are images of their own in ECR's reading, where the index protects what it lists", async () => {
    const rules = [rule(1, { ...untagged, ...older(5) }), rule(2, {})];
    const going = await goingOf({ rules, images, listings, unit: "strict" });
    expect(going.toSorted()).toEqual(["index 2", "sbom 1", "signature 1"]);
  });

  test("keep what another index lists that stays", async () => {
    const other = anImage("other", 1, ["v3"]);
    const both = [...listings, ...lists(other, arm)];
    const going = await goingOf({ rules: [rule(1, older(5))], images: [...images, other], listings: both });
    expect(going).toEqual(["index 1", "amd 1", "signature 1"]);
  });

  test("go with the last of their indexes, also where one lists them twice", async () => {
    const other = anImage("other", 40, ["v3"]);
    const both = [...listings, ...lists(other, arm, arm)];
    const going = await goingOf({ rules: [rule(1, older(5))], images: [...images, other], listings: both });
    expect(going.slice(0, 2)).toEqual(["other 1", "index 1"]);
    expect(going.slice(2).toSorted()).toEqual(["amd 1", "arm 1", "sbom 1", "signature 1"]);
  });

  test("leave what has a tag of its own", async () => {
    const tagged = { ...arm, tags: ["v1-arm"] };
    const signed = { ...signature, tags: ["signed"] };
    const some = [tagged, amd, index, signed, newest];
    expect(await goingOf({ rules: [rule(1, {})], images: some, listings })).toEqual(["index 1", "amd 1"]);
  });

  test("leave what refers to an image that stays, and what is listed beside", async () => {
    const evidence = anImage("evidence", 30, [], { subject: newest.digest });
    const listed = anImage("listed", 30, [], { subject: index.digest });
    const keeper = anImage("keeper", 0.5, ["v2"]);
    const some = [...images, evidence, listed, keeper];
    const all = [...lists(index, arm, amd, evidence), ...lists(keeper, listed)];
    expect(await goingOf({ rules: [rule(1, older(5))], images: some, listings: all })).toEqual([
      ...["index 1", "arm 1", "amd 1", "signature 1", "sbom 1"],
    ]);
  });

  test("do not go where one index is deleted and another is archived: what is archived keeps what it lists", async () => {
    const other = anImage("other", 30, ["archive-me"]);
    const both = [...lists(index, arm), ...lists(other, arm)];
    const rules = [rule(1, prefixes("archive"), TO_ARCHIVE), rule(2, older(5))];
    const keep = anImage("keep", 1, ["archive-not"]);
    const going = await goingOf({ rules, images: [arm, index, other, keep], listings: both });
    expect(going).toEqual(["index 2", "other 1", "arm 1"]);
  });

  test("are an image of its own each where what they refer to is not there", async () => {
    const orphan = anImage("orphan", 30, [], { subject: digestOfText("never pushed") });
    expect(await goingOf({ rules: [rule(1, { ...untagged, ...older(5) })], images: [orphan] })).toEqual([
      "orphan 1",
    ]);
  });
});

test("each image that goes has a reason that people understand", async () => {
  const child = anImage("child", 12);
  const index = anImage("index", 12, ["v1"]);
  const signature = anImage("signature", 1, [], { subject: index.digest });
  const images = [anImage("old", 9.5), anImage("new", 1, ["v2"]), index, child, signature];
  const rules = [rule(1, prefixes("v")), rule(2, { ...untagged, ...older(5) })];
  expect(await sentencesOf({ rules, images, listings: lists(index, child) })).toEqual({
    index: "number 2 from the youngest, and the rule keeps 1",
    old: "pushed 9 days ago, and the rule keeps 5 days",
    child: `goes with ${index.digest}, which lists it`,
    signature: `goes with ${index.digest}, to which it refers`,
  });
});
