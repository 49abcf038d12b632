import { afterAll, expect, test } from "vitest";
import { HOUR } from "../../support/clock.ts";
import { openTestRegistry } from "../../support/registry.ts";
import { rowsOf } from "../../support/rows.ts";

const registry = await openTestRegistry();
afterAll(() => registry.close());
const { garbage, clock } = registry;

test("objects of its own store are taken when they are due, the longest due first, and forgotten there alone", async () => {
  const at = clock.now();
  const due = (milliseconds: number): Date => new Date(at.getTime() + milliseconds);
  for (const [store, key, notBefore] of [
    ["filesystem", "due", at],
    ["filesystem", "later", due(1)],
    ["filesystem", "longer", due(-1)],
    ["s3", "due", at],
  ])
    await rowsOf(registry, "INSERT INTO object_deletions (store, key, not_before) VALUES ($1, $2, $3)", [
      ...[store, key, notBefore],
    ]);
  expect(await garbage.takeObjects(at, due(HOUR), 1)).toEqual(["longer"]);
  expect(await garbage.takeObjects(at, due(HOUR), 10)).toEqual(["due"]);
  await garbage.forgetObjects(["due"]);
  const left = await rowsOf(
    registry,
    "SELECT store, key, not_before, attempts FROM object_deletions ORDER BY 2, 1",
  );
  expect(left).toEqual([
    { store: "s3", key: "due", not_before: at, attempts: 0 },
    { store: "filesystem", key: "later", not_before: due(1), attempts: 0 },
    { store: "filesystem", key: "longer", not_before: due(HOUR), attempts: 1 },
  ]);
});
