import fc from "fast-check";
import { expect, test } from "vitest";
import { parentsFirst } from "../../../src/registry/images/parents-first.ts";

test.each([
  ["nothing to order", [1, 2, 3], [], [0, 1, 2]],
  ["a child before its parent", [1, 2], [[2, 1]], [1, 0]],
  [
    "a chain that is upside down",
    [1, 2, 3],
    [
      [2, 1],
      [3, 2],
    ],
    [2, 1, 0],
  ],
  ["what is unknown, first", [1, undefined, 2], [[2, 1]], [1, 2, 0]],
  ["an id twice, side by side", [1, 2, 1], [[2, 1]], [1, 0, 2]],
] as const)("%s", (_, ids, pairs, expected) => {
  expect(parentsFirst(ids, pairs)).toEqual(expected);
});

test("no child comes before a parent, and none is lost", () => {
  const edges = fc.array(fc.tuple(fc.nat(9), fc.nat(9)).filter(([a, b]) => a > b));
  fc.assert(
    fc.property(fc.array(fc.nat(9)), edges, (ids, pairs) => {
      const order = parentsFirst(ids, pairs);
      expect(order.toSorted((a, b) => a - b)).toEqual(ids.map((_id, at) => at));
      const placeOf = (id: number): number => order.findIndex((at) => ids[at] === id);
      for (const [parent, child] of pairs) {
        if (ids.includes(parent) && ids.includes(child)) expect(placeOf(parent)).toBeLessThan(placeOf(child));
      }
    }),
  );
});
