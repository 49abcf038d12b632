import { afterAll, describe, expect, test } from "vitest";
import { postgresLifecyclePolicies } from "../../../../src/adapters/postgres/lifecycle/policies.ts";
import { postgresRegistryFigures } from "../../../../src/adapters/postgres/registry-figures.ts";
import { REPOSITORY_TABLES, tablesGoing } from "../../../../src/adapters/postgres/repository-tables.ts";
import { CAUSE } from "../../../support/cause.ts";
import { rowsOf } from "../../../support/rows.ts";
import { openScopes } from "./scene.ts";

const scene = await openScopes();
afterAll(() => scene.close());
const { database, repositories, here, create, clock } = scene;

interface Reference {
  readonly from: string;
  readonly to: string;
  /** `r` restrict, `a` no action, `c` cascade. */
  readonly action: "r" | "a" | "c";
}

/** Every foreign key of the schema. */
const REFERENCES = await rowsOf<Reference>(
  { database },
  `SELECT DISTINCT conrelid::regclass::text AS from, confrelid::regclass::text AS to, confdeltype AS action
    FROM pg_constraint WHERE contype = 'f'`,
);
const NAMES: readonly string[] = REPOSITORY_TABLES.map(({ name }) => name);

async function namesOf(query: string): Promise<readonly string[]> {
  return (await rowsOf<{ name: string }>({ database }, query)).map(({ name }) => name).toSorted();
}

describe("the list of a repository's tables", () => {
  test("has every table that has rows of a repository", async () => {
    const found = await namesOf(
      `SELECT c.relname AS name FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        WHERE a.attname = 'repository_id' AND c.relkind IN ('r', 'p') AND NOT a.attisdropped
          AND c.relnamespace = 'public'::regnamespace`,
    );
    expect(NAMES.toSorted()).toEqual(found);
  });

  test("has every table that refers to a repository, however far", () => {
    const reached = new Set(["repositories"]);
    for (let before = 0; before !== reached.size; ) {
      before = reached.size;
      for (const { from, to } of REFERENCES) if (reached.has(to)) reached.add(from);
    }
    reached.delete("repositories");
    expect([...reached].filter((name) => !NAMES.includes(name))).toEqual([]);
  });

  test("lets slices go before what they refer to", () => {
    const slices = tablesGoing("in slices");
    for (const { from, to, action } of REFERENCES) {
      const [first, second] = [slices.indexOf(from), slices.indexOf(to)];
      if (first < 0 || second < 0 || action === "c") continue;
      expect(first, `${from} before ${to}`).toBeLessThan(second);
    }
  });

  test("says of a table that it goes with others only where the database sees to it", () => {
    for (const name of tablesGoing("with others")) {
      const own = REFERENCES.filter(({ from }) => from === name);
      expect(own.some(({ to, action }) => action === "c" && NAMES.includes(to))).toBe(true);
    }
  });

  test("says of a table that it goes at once only where its rows do", async () => {
    const { id, name } = await create(here, "app", { tags: [{ key: "a", value: "b" }] });
    await scene.policies.setOfRepository(here, name, "{}", CAUSE, clock.now());
    const policies = postgresLifecyclePolicies(database);
    await policies.put(here, name, "{}", CAUSE, clock.now());
    const rows = async (table: string): Promise<number> =>
      (await rowsOf({ database }, `SELECT 1 FROM ${table} WHERE repository_id = ${id}`)).length;
    for (const table of tablesGoing("at once")) expect(await rows(table), table).toBe(1);
    await repositories.delete(here, name, { force: true, cause: CAUSE, at: clock.now() });
    for (const table of tablesGoing("at once")) expect(await rows(table), table).toBe(0);
  });
});

test("every queue of the schema has a figure", async () => {
  const now = clock.now();
  const figures = await postgresRegistryFigures(database).queues({ links: now, objects: now, uploads: now });
  const queues = await namesOf(
    `SELECT substring(relname FROM '^gc_(.*)_queue$') || 's' AS name FROM pg_class
      WHERE relkind = 'r' AND relname ~ '^gc_.*_queue$'`,
  );
  expect(queues.length).toBeGreaterThan(0);
  expect(Object.keys(figures)).toEqual(expect.arrayContaining([...queues, "objects", "uploads"]));
});
