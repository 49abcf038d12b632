import { expect, test } from "vitest";
import { tagsOfClaims } from "../../../src/iam/oidc/tag-claims.ts";

const CLAIM = "https://aws.amazon.com/tags";
const RED = { Key: "team", Value: "red" };

test.each([
  ["no claim", {}, [], []],
  ["an empty claim", { [CLAIM]: {} }, [], []],
  ["a value in a list", { [CLAIM]: { principal_tags: { team: ["red"] } } }, [RED], []],
  ["a value alone", { [CLAIM]: { principal_tags: { team: "red" } } }, [RED], []],
  ["an empty value", { [CLAIM]: { principal_tags: { team: [""] } } }, [{ Key: "team", Value: "" }], []],
  [
    "transitive keys",
    { [CLAIM]: { principal_tags: { team: ["red"] }, transitive_tag_keys: ["team"] } },
    [RED],
    ["team"],
  ],
  [
    "the flattened form",
    { [`${CLAIM}/principal_tags/team`]: "red", [`${CLAIM}/transitive_tag_keys`]: ["team"] },
    [RED],
    ["team"],
  ],
])("%s is read", (_, claims, tags, transitiveTagKeys) => {
  expect(tagsOfClaims(claims)).toEqual({ tags, transitiveTagKeys });
});

test.each([
  ["a claim that is text", { [CLAIM]: "team=red" }],
  ["a claim that is a list", { [CLAIM]: [{ principal_tags: { team: ["red"] } }] }],
  ["a claim that is null", { [CLAIM]: null, more: 1 }],
  ["tags that are a list", { [CLAIM]: { principal_tags: ["team"] } }],
  ["a tag with two values", { [CLAIM]: { principal_tags: { team: ["red", "blue"] } } }],
  ["a tag without a value", { [CLAIM]: { principal_tags: { team: [] } } }],
  ["a value that is a number", { [CLAIM]: { principal_tags: { team: [7] } } }],
  ["a value that is an object", { [CLAIM]: { principal_tags: { team: {} } } }],
  ["transitive keys that are numbers", { [CLAIM]: { transitive_tag_keys: [7] } }],
  ["a flattened tag with two values", { [`${CLAIM}/principal_tags/team`]: ["red", "blue"] }],
])("%s is refused", (_, claims) => {
  expect(() => tagsOfClaims(claims)).toThrow(
    expect.objectContaining({
      code: "InvalidIdentityTokenException",
      message: expect.stringMatching(/^Invalid claim: https:\/\/aws\.amazon\.com\/tags/),
    }),
  );
});
