import { expect, test } from "vitest";
import {
  readResourceTagKeys,
  withoutResourceTags,
  withResourceTags,
} from "../../../src/registry/repositories/resource-tags.ts";

const many = (count: number, prefix = "k"): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [`${prefix}${at}`, ""]));
const refusal = (reason: string, message: string) => expect.objectContaining({ reason, message });

test("tags are put over others of the same key", () => {
  expect(withResourceTags({ a: "1", b: "2" }, { b: "", c: "3" })).toEqual({ a: "1", b: "", c: "3" });
});

test("there are at most fifty together", () => {
  expect(Object.keys(withResourceTags(many(49), { k0: "x", last: "" }))).toHaveLength(50);
  expect(() => withResourceTags(many(50), { last: "" })).toThrow(
    refusal("RESOURCE_TAGS_TOO_MANY", "A resource has at most 50 tags; 51 would be there"),
  );
});

test("a key that is there in another letter case is refused", () => {
  expect(() => withResourceTags({ Team: "a" }, { team: "b" })).toThrow(
    refusal("RESOURCE_TAG_INVALID", "Invalid tag: the key 'team' is there already as 'Team'"),
  );
});

test("tags go by their exact keys", () => {
  expect(withoutResourceTags({ Team: "a", stage: "" }, ["team", "stage", "absent"])).toEqual({ Team: "a" });
});

test("keys keep the rules of tags", () => {
  expect(readResourceTagKeys(["a", "no such"])).toEqual(["a", "no such"]);
  expect(() => readResourceTagKeys(Object.keys(many(51)))).toThrow(
    refusal("RESOURCE_TAGS_TOO_MANY", "A resource has at most 50 tags; 51 were given"),
  );
  expect(() => readResourceTagKeys(["a", "aws:x"])).toThrow(
    refusal("RESOURCE_TAG_INVALID", "Invalid tag: the key 'aws:x' begins with 'aws:', which is reserved"),
  );
  expect(() => readResourceTagKeys([""])).toThrow(
    refusal("RESOURCE_TAG_INVALID", "Invalid tag: the key '' must have 1 to 128 characters"),
  );
});
