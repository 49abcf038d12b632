import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseRepositoryName, parseTag } from "../../src/registry/names.ts";
import { refusal } from "./refusal.ts";

/** distribution-spec 1.1 "Pulling manifests", as it is written there. */
const SPECIFIED_NAME = /^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$/;
const SPECIFIED_TAG = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;

describe("parseRepositoryName", () => {
  test.each([
    "a",
    "0",
    "team/app",
    "a.b_c__d-e--f---g",
    "blobs",
    "manifests",
    "blobs/uploads",
    "team/blobs/uploads/x",
    "team/manifests/latest",
    "tags/list",
    "referrers/tags/manifests/blobs/uploads",
    "v2/v2",
    "a".repeat(256),
    `${"a/".repeat(127)}aa`,
  ])("takes %s", (name) => {
    expect(parseRepositoryName(name)).toBe(name);
  });

  test.each([
    ["nothing", ""],
    ["capitals", "Team/app"],
    ["an empty component", "team//app"],
    ["a slash in front", "/app"],
    ["a slash behind", "app/"],
    ["two dots", "a..b"],
    ["the parent folder", "team/../app"],
    ["three underscores", "a___b"],
    ["mixed separators", "a._b"],
    ["a separator in front", "-a"],
    ["a separator behind", "a/b-"],
    ["a colon", "a:b"],
    ["a blank", "a b"],
    ["a line break", "a\n"],
    ["a NUL", "a\0"],
    ["letters beyond ASCII", "ünit"],
    ["a number of another script", "٣"],
  ])("refuses %s", (_, name) => {
    expect(() => parseRepositoryName(name)).toThrow(
      refusal("NAME_INVALID", 400, `invalid repository name ${JSON.stringify(name)}`, "lower-case"),
    );
  });

  test("refuses 257 characters and shows no more than 256 of them", () => {
    expect(() => parseRepositoryName("a".repeat(257))).toThrow(
      refusal("NAME_INVALID", 400, "at most 256 characters", `"${"a".repeat(256)}…"`),
    );
  });

  test("agrees with the specification's expression", () => {
    const text = fc.string({ unit: fc.constantFrom(..."aZ0._-/"), maxLength: 12 });
    fc.assert(
      fc.property(text, (name) => {
        if (SPECIFIED_NAME.test(name)) expect(parseRepositoryName(name)).toBe(name);
        else expect(() => parseRepositoryName(name)).toThrow(refusal("NAME_INVALID", 400));
      }),
      { numRuns: 2000 },
    );
  });

  test("refuses nothing that the specification's expression makes, up to 256 characters", () => {
    fc.assert(
      fc.property(fc.stringMatching(SPECIFIED_NAME), (name) => {
        fc.pre(name.length <= 256);
        expect(parseRepositoryName(name)).toBe(name);
      }),
    );
  });

  // As one expression this text takes longer than the universe will last.
  test("is done with a hostile name at once", () => {
    const name = `${"a-".repeat(126)}aaa!`;
    expect(() => parseRepositoryName(name)).toThrow(refusal("NAME_INVALID", 400));
  });
});

describe("parseTag", () => {
  test.each(["latest", "v1.0.0", "_", "_.-", "A".repeat(128), "0", "blobs", "uploads"])("takes %s", (tag) => {
    expect(parseTag(tag)).toBe(tag);
  });

  test.each([
    ["nothing", ""],
    ["129 characters", "a".repeat(129)],
    ["a dot in front", ".a"],
    ["a dash in front", "-a"],
    ["a colon", "a:b"],
    ["a slash", "a/b"],
    ["a plus sign", "v1+build"],
    ["a blank behind", "a "],
    ["a line break", "a\n"],
    ["letters beyond ASCII", "é"],
  ])("refuses %s", (_, tag) => {
    expect(() => parseTag(tag)).toThrow(
      refusal("TAG_INVALID", 400, `invalid tag ${JSON.stringify(tag)}`, "1 to 128 letters"),
    );
  });

  test("shows no more than 256 characters of what it refuses", () => {
    expect(() => parseTag("x".repeat(9_000))).toThrow(refusal("TAG_INVALID", 400, `"${"x".repeat(256)}…"`));
  });

  test("agrees with the specification's expression", () => {
    const text = fc.string({ unit: fc.constantFrom(..."aZ0._-/:\n"), maxLength: 6 });
    fc.assert(
      fc.property(text, (tag) => {
        if (SPECIFIED_TAG.test(tag)) expect(parseTag(tag)).toBe(tag);
        else expect(() => parseTag(tag)).toThrow(refusal("TAG_INVALID", 400));
      }),
      { numRuns: 1000 },
    );
  });
});
