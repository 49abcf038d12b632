import { expect, test } from "vitest";
import { checkEncryption } from "../../../src/registry/repositories/encryption.ts";
import { checkSettings } from "../../../src/registry/repositories/settings.ts";

const FILTERS = ["v*"];

test("what is not said is not there", () => {
  expect(Object.keys(checkSettings({ tagMutability: undefined, exclusionFilters: undefined }))).toEqual([]);
});

test.each(["MUTABLE", "IMMUTABLE"] as const)("%s takes away the filters, and takes none", (tagMutability) => {
  expect(checkSettings({ tagMutability })).toEqual({ tagMutability, exclusionFilters: [] });
  expect(() => checkSettings({ tagMutability, exclusionFilters: FILTERS })).toThrow(
    expect.objectContaining({ reason: "EXCLUSION_FILTERS_UNWANTED" }),
  );
});

test.each(["MUTABLE_WITH_EXCLUSION", "IMMUTABLE_WITH_EXCLUSION"] as const)(
  "%s needs filters",
  (tagMutability) => {
    const both = { tagMutability, exclusionFilters: FILTERS };
    expect(checkSettings(both)).toEqual(both);
    expect(() => checkSettings({ tagMutability })).toThrow(
      expect.objectContaining({ reason: "EXCLUSION_FILTERS_MISSING" }),
    );
  },
);

test("what was checked stays what it is", () => {
  const checked = checkSettings({ tagMutability: "IMMUTABLE" });
  expect(checkSettings(checked)).toEqual(checked);
});

test("filters are at most five, of the characters of tags and wildcards", () => {
  const filtered = (...exclusionFilters: string[]) =>
    checkSettings({ tagMutability: "IMMUTABLE_WITH_EXCLUSION", exclusionFilters });
  const five = ["*", "v1.0_x-*", "A", "b".repeat(128), "e"];
  expect(filtered(...five)).toMatchObject({ exclusionFilters: five });
  for (const [wrong, said] of [
    [[...five, "f"], "there may be 5 exclusion filters; 6 were given"],
    [["a", "b/c"], `letters, digits, '.', '_', '-' and '*', not "b/c"`],
    [["b".repeat(129)], "1 to 128"],
    [[""], 'not ""'],
  ] as const) {
    expect(() => filtered(...wrong)).toThrow(
      expect.objectContaining({
        reason: "EXCLUSION_FILTERS_INVALID",
        message: expect.stringContaining(said),
      }),
    );
  }
});

test("filters alone belong to no mutability that takes them", () => {
  expect(() => checkSettings({ exclusionFilters: FILTERS })).toThrow(
    expect.objectContaining({ reason: "EXCLUSION_FILTERS_UNWANTED" }),
  );
});

test("a key belongs to an encryption that takes one", () => {
  expect(() => checkEncryption({ type: "AES256", kmsKey: "key" })).toThrow(
    expect.objectContaining({ reason: "ENCRYPTION_KEY_UNWANTED" }),
  );
  expect(checkEncryption({ type: "AES256", kmsKey: undefined })).toMatchObject({ type: "AES256" });
  expect(checkEncryption({ type: "KMS", kmsKey: "key" })).toMatchObject({ type: "KMS", kmsKey: "key" });
});
