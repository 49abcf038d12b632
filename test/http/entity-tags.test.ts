import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { etagMatches, parseEntityTags } from "../../src/http/entity-tags.ts";

describe("parseEntityTags", () => {
  test.each<[string | undefined, readonly string[] | "*" | undefined]>([
    [undefined, undefined],
    ["*", "*"],
    [" * ", "*"],
    ['"a"', ["a"]],
    ['W/"a"', ["a"]],
    ['"a", W/"b","c"', ["a", "b", "c"]],
    ['"a,b"', ["a,b"]],
    ['"*"', ["*"]],
    ['""', [""]],
    ["", []],
    ["a", []],
    ['"a', []],
  ])("%j names %j", (header, tags) => {
    expect(parseEntityTags(header)).toEqual(tags);
  });

  test("gives back every list of tags that was written", () => {
    const opaque = fc.string({ unit: fc.constantFrom(..."ab:*,/W\\ é") });
    const separator = fc.constantFrom(",", ", ", " ,  ");
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), opaque), { minLength: 1 }), separator, (tags, between) => {
        const header = tags.map(([weak, tag]) => `${weak ? "W/" : ""}"${tag}"`).join(between);
        expect(parseEntityTags(header)).toEqual(tags.map(([, tag]) => tag));
      }),
    );
  });
});

test.each([
  [undefined, false],
  ['"sha256:a"', true],
  ['W/"sha256:a"', true],
  ['"x", "sha256:a"', true],
  ["*", true],
  ['"*"', false],
  ['"sha256:ab"', false],
  ["sha256:a", false],
  ["", false],
])("%j names the entity sha256:a: %s", (header, matches) => {
  expect(etagMatches(header, "sha256:a")).toBe(matches);
});
