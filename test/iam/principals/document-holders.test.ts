import { expect, test } from "vitest";
import type { AttachedPolicy } from "../../../src/iam/policy/access.ts";
import { DocumentHolders } from "../../../src/iam/principals/document-holders.ts";
import { attached, parse } from "../policy/builders.ts";

interface Holder {
  readonly policies: readonly AttachedPolicy[];
}

const policy = (name: string): AttachedPolicy =>
  attached(parse("identity", [{ Sid: name, Effect: "Allow", Action: "*", Resource: "*" }]));
const holding = (...policies: readonly AttachedPolicy[]): Holder => ({ policies });
const SIZE = policy("a").document.size;
const holders = (entries: number, documents: number) =>
  new DocumentHolders<Holder>({ entries, characters: documents * SIZE }, ({ policies }) => policies);

test("a document counts once, however many hold it, and no more when nobody does", () => {
  const held = holders(10, 10);
  const [shared, own] = [policy("a"), policy("b")];
  held.set("one", holding(shared, own));
  held.set("two", holding(shared));
  expect(held.characters).toBe(2 * SIZE);
  held.set("one", holding(shared));
  expect(held.characters).toBe(SIZE);
  held.delete("one");
  held.delete("two");
  expect(held.characters).toBe(0);
  expect(held.get("one")).toBeUndefined();
});

test("those that were used longest ago go first, where there are too many documents or entries", () => {
  const held = holders(3, 2);
  for (const name of ["a", "b"]) held.set(name, holding(policy(name)));
  held.get("a");
  held.set("c", holding(policy("c")));
  expect(["a", "b", "c"].map((name) => held.get(name) !== undefined)).toEqual([true, false, true]);
  for (const name of ["d", "e", "f"]) held.set(name, holding());
  expect(held.characters).toBe(0);
});

test("the last one stays, however large", () => {
  const held = holders(3, 1);
  held.set("a", holding(policy("a"), policy("b")));
  expect(held.get("a")).toBeDefined();
  expect(held.characters).toBe(2 * SIZE);
});
