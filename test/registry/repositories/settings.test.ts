import { expect, test } from "vitest";
import { checkEncryption, checkSettings } from "../../../src/registry/repositories/settings.ts";

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
