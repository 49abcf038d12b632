import { expect, test } from "vitest";
import { mergeTags, tagList, tagsOf, withoutTags } from "../../../src/iam/principals/tags.ts";

const list = (...keys: string[]) => keys.map((Key) => ({ Key, Value: `value of ${Key}` }));

test("tags of a list become a record", () => {
  expect(tagsOf(list("b", "a"), "q")).toEqual({ a: "value of a", b: "value of b" });
  expect(tagsOf(undefined, "q")).toEqual({});
});

test("a key may be given once, whatever its letter case", () => {
  expect(() => tagsOf(list("Team", "team"), "q")).toThrow("Duplicate tag keys found");
});

test("keys of AWS's own are reserved", () => {
  expect(() => tagsOf(list("AWS:x"), "q")).toThrow("reserved");
});

test("fifty are the most, counted with those that are there", () => {
  const fifty = list(...Array.from({ length: 50 }, (_, index) => `k${index}`));
  const tags = tagsOf(fifty, "TagsPerUser");
  expect(() => mergeTags(tags, list("one-more"), "TagsPerUser")).toThrow(
    "Cannot exceed quota for TagsPerUser: 50",
  );
  expect(Object.keys(mergeTags(tags, list("K0"), "TagsPerUser"))).toHaveLength(50);
});

test("a key in another letter case takes the place of the old one", () => {
  expect(mergeTags({ Team: "a" }, [{ Key: "team", Value: "b" }], "q")).toEqual({ team: "b" });
});

test("keys are taken away whatever their letter case", () => {
  expect(withoutTags({ Team: "a", site: "x" }, ["TEAM", "absent"])).toEqual({ site: "x" });
});

test("lists are in the order of keys", () => {
  expect(tagList({ b: "2", a: "1" })).toEqual([
    { Key: "a", Value: "1" },
    { Key: "b", Value: "2" },
  ]);
});

test("names of the language's own objects are keys like others", () => {
  expect(tagList(tagsOf(list("constructor", "__proto__x"), "q")).map(({ Key }) => Key)).toEqual([
    "__proto__x",
    "constructor",
  ]);
});
