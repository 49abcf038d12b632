import { describe, expect, test } from "vitest";
import type { Inheritance } from "../../../src/iam/sessions/session.ts";
import { readSessionTags } from "../../../src/iam/sessions/session-tags.ts";

const tag = (key: string, value = "v") => ({ Key: key, Value: value });
const wanted = (keys: readonly string[], transitiveTagKeys: readonly string[] = []) => ({
  tags: keys.map((key) => tag(key)),
  transitiveTagKeys,
});
const INHERITED: Inheritance = {
  ...{ tags: { team: "red", shift: "late" }, transitiveTagKeys: ["Team"] },
  sourceIdentity: undefined,
};

describe("tags of a session", () => {
  test("are those of the request, and what the calling session hands on", () => {
    expect(readSessionTags(wanted(["stage"], ["Stage"]), INHERITED)).toEqual({
      given: { stage: "v" },
      tags: { team: "red", stage: "v" },
      transitiveTagKeys: ["team", "Stage"],
    });
  });

  test("are none where none are given or handed on", () => {
    expect(readSessionTags(wanted([]), undefined)).toEqual({ given: {}, tags: {}, transitiveTagKeys: [] });
  });

  test("may be 50, of any script", () => {
    const keys = Array.from({ length: 50 }, (_, index) => `ключ ${index}`);
    expect(Object.keys(readSessionTags(wanted(keys), undefined).tags)).toEqual(keys);
  });
});

describe("no session may have", () => {
  test.each([
    [
      "a key twice, in whatever letter case",
      wanted(["team", "TEAM"]),
      "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
    ],
    [
      "a transitive key that is no tag of the request",
      wanted(["stage"], ["team"]),
      "The specified transitive tag key must be included in the requested tags.",
    ],
    [
      "another value for what it inherits",
      wanted(["TEAM"]),
      "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.",
    ],
    [
      "a reserved key",
      wanted(["AWS:team"]),
      "Tag keys starting with 'aws:' are reserved for system use: AWS:team",
    ],
    [
      "more than 50 tags with what it inherits",
      wanted(Array.from({ length: 50 }, (_, index) => `key${index}`)),
      "A session may have 50 tags at most.",
    ],
    [
      "a key that is too long",
      wanted(["k".repeat(129)]),
      `The tag key ${"k".repeat(128)} is not 1 to 128 letters, digits or _.:/=+-@`,
    ],
    ["an empty key", wanted([""]), "The tag key  is not 1 to 128 letters, digits or _.:/=+-@"],
    [
      "a value that is too long",
      { tags: [tag("k", "v".repeat(257))], transitiveTagKeys: [] },
      "The value of the tag k is not up to 256 letters, digits or _.:/=+-@",
    ],
    [
      "a value with other characters",
      { tags: [tag("k", "<v>")], transitiveTagKeys: [] },
      "The value of the tag k is not up to 256 letters, digits or _.:/=+-@",
    ],
  ])("%s", (_, tags, message) => {
    expect(() => readSessionTags(tags, INHERITED)).toThrow(
      expect.objectContaining({ code: "ValidationError", message }),
    );
  });
});
