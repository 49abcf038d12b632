import { expect, test } from "vitest";
import { checkSettings } from "../../../src/registry/repositories/settings.ts";

const FILTERS = ["v*"];

test("what is not said is not there", () => {
  expect(Object.keys(checkSettings({ tagMutability: undefined, exclusionFilters: undefined }))).toEqual([]);
});

test.each(["MUTABLE", "IMMUTABLE"] as const)("%s takes away the filters, and takes none", (tagMutability) => {
  expect(checkSettings({ tagMutability })).toEqual({ tagMutability, exclusionFilters: [] });
  expect(() => checkSettings({ tagMutability, exclusionFilters: FILTERS })).toThrow(
    expect.objectContaining({ code: "EXCLUSION_FILTERS_UNWANTED" }),
  );
});

test.each(["MUTABLE_WITH_EXCLUSION", "IMMUTABLE_WITH_EXCLUSION"] as const)(
  "%s needs filters",
  (tagMutability) => {
    const both = { tagMutability, exclusionFilters: FILTERS };
    expect(checkSettings(both)).toEqual(both);
    expect(() => checkSettings({ tagMutability })).toThrow(
      expect.objectContaining({ code: "EXCLUSION_FILTERS_MISSING" }),
    );
  },
);

test("filters alone belong to no mutability that takes them", () => {
  expect(() => checkSettings({ exclusionFilters: FILTERS })).toThrow(
    expect.objectContaining({ code: "EXCLUSION_FILTERS_UNWANTED" }),
  );
});
