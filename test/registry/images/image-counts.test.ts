import { expect, test } from "vitest";
import { ImageCounts } from "../../../src/registry/images/image-counts.ts";
import { parseRepositoryName } from "../../../src/registry/names.ts";
import type { Scope } from "../../../src/registry/scope.ts";

const scope = { id: 1, account: "000000000000", region: "us-east-1" } as Scope;
const name = parseRepositoryName("app");
const at = (later = 0): Date => new Date(Date.parse("2030-01-01T00:00:00Z") + later);

/** Pushes until the next count is due, at most `max`. */
function pushesAfter(counts: ImageCounts, images: number, max = 10_000): number {
  counts.counted(scope, name, images, at());
  let pushes = 0;
  for (; pushes < max && !counts.isDue(scope, name, at()); pushes++) counts.added(scope, name);
  return pushes;
}

test("nobody has counted a repository that is not known", () => {
  const counts = new ImageCounts(10_000);
  expect(counts.isDue(scope, name, at())).toBe(true);
  counts.counted(scope, name, 0, at());
  expect(counts.isDue(scope, name, at())).toBe(false);
  expect(counts.isDue({ ...scope, id: 2 as Scope["id"] }, name, at())).toBe(true);
  expect(counts.isDue(scope, parseRepositoryName("other"), at())).toBe(true);
});

test.each([
  [0, 625],
  [8_400, 100],
  [9_984, 1],
  [9_985, 0],
  [10_000, 0],
  [12_000, 0],
])("after %i of 10,000 a process adds %i before it counts again", (images, pushes) => {
  expect(pushesAfter(new ImageCounts(10_000), images)).toBe(pushes);
});

test("a count is believed for a minute", () => {
  const counts = new ImageCounts(10_000);
  counts.counted(scope, name, 0, at());
  expect(counts.isDue(scope, name, at(59_999))).toBe(false);
  expect(counts.isDue(scope, name, at(60_000))).toBe(true);
});
