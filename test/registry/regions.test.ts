import { expect, test } from "vitest";
import { isRegionName, servesRegion } from "../../src/registry/regions.ts";

test.each(["eu-central-1", "us-gov-west-1", "ap-southeast-12", "us-iso-east-1"])(
  "%s is a region's name",
  (name) => {
    expect(isRegionName(name)).toBe(true);
  },
);

test.each([
  "",
  "us",
  "us-east",
  "US-EAST-1",
  "us-east-1\n",
  "us_east_1",
  "us-east-123",
  `us-${"a".repeat(28)}-1`,
])("%j is none", (name) => expect(isRegionName(name)).toBe(false));

test("named regions are served, and with * every one that has a region's name", () => {
  expect(["local", "eu-west-1"].map((region) => servesRegion(["local"], region))).toEqual([true, false]);
  const all = ["local", "*"];
  expect(["local", "eu-west-1", "*", "mars"].map((region) => servesRegion(all, region))).toEqual([
    ...[true, true],
    ...[true, false],
  ]);
});
