import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Database, openDatabase } from "../../../src/adapters/postgres/database.ts";
import { RegistryError } from "../../../src/registry/errors.ts";
import { createDatabase } from "../../support/berth.ts";

let database: Database;
let made: Awaited<ReturnType<typeof createDatabase>>;
beforeAll(async () => {
  made = await createDatabase();
  database = openDatabase({ ...made.connection, poolSize: 2 }, () => undefined);
});
afterAll(async () => {
  await database.close();
  await made.drop();
});

/** A statement that fails with the state, as the server itself would. */
const failing = (state: string) => ({
  name: `fail_${state}`,
  text: `DO $$ BEGIN RAISE EXCEPTION 'as the server would' USING ERRCODE = '${state}'; END $$`,
});

/** How each way to the database ends. */
async function outcomesOf(state: string): Promise<readonly unknown[]> {
  const statement = failing(state);
  const ended = (work: Promise<unknown>): Promise<unknown> => work.catch((error: unknown) => error);
  return [
    await ended(database.run(statement, [])),
    await ended(database.transaction((tx) => tx.query(statement, []))),
    await ended(database.read({ ...statement, name: `read_${state}` }, [])),
  ];
}

describe("a state that says not now is to be tried again after a second, and the next statement works", () => {
  test.each([
    ["08006", "connection failure"],
    ["08P01", "protocol violation"],
    ["25006", "read-only primary"],
    ["25P03", "idle in transaction"],
    ["25P04", "transaction timeout"],
    ["28P01", "password changed"],
    ["3D000", "no such database"],
    ["40001", "serialization failure"],
    ["40003", "completion unknown"],
    ["40P01", "deadlock"],
    ["53000", "insufficient resources"],
    ["53100", "disk full"],
    ["53200", "out of memory"],
    ["53300", "too many connections"],
    ["55P03", "lock timeout"],
    ["57014", "statement timeout"],
    ["57P01", "shutdown"],
    ["57P02", "crash"],
    ["57P03", "starting up"],
    ["58000", "system error"],
    ["58030", "input or output error"],
  ])("%s %s", async (state) => {
    for (const outcome of await outcomesOf(state)) {
      expect(outcome).toBeInstanceOf(RegistryError);
      expect(outcome).toMatchObject({ reason: "UNAVAILABLE", facts: { retryAfter: 1 } });
    }
    expect(await database.run({ name: "one", text: "SELECT 1 AS one" }, [])).toEqual([{ one: 1 }]);
  });
});

describe("a state that says that a statement is wrong stays a defect", () => {
  test.each([
    ["22012", "division by zero"],
    ["23502", "not null"],
    ["25001", "active transaction"],
    ["42501", "insufficient privilege"],
    ["42P01", "undefined table"],
    ["55000", "object not in prerequisite state"],
    ["XX000", "internal error"],
  ])("%s %s", async (state) => {
    for (const outcome of await outcomesOf(state)) expect(outcome).not.toBeInstanceOf(RegistryError);
  });
});

describe("the connection of a transaction that failed", () => {
  const PID = { name: "pid", text: "SELECT pg_backend_pid() AS pid" };

  /** Whether the only connection of a pool is the same after a transaction in it failed with the state. */
  async function isKept(state: string): Promise<boolean> {
    const alone = openDatabase({ ...made.connection, poolSize: 1 }, () => undefined);
    const pid = () => alone.transaction(async (tx) => (await tx.query<{ pid: number }>(PID, []))[0]?.pid);
    const before = await pid();
    await alone.transaction((tx) => tx.query(failing(state), [])).catch(() => undefined);
    const after = await pid();
    await alone.close();
    return before === after;
  }

  test.each(["40001", "55P03", "22012"])("is used again after %s", async (state) => {
    expect(await isKept(state)).toBe(true);
  });

  test.each(["08006", "25006", "25P03", "25P04", "28P01", "3D000", "53100", "57P01", "58030"])(
    "is given up after %s",
    async (state) => {
      expect(await isKept(state)).toBe(false);
    },
  );
});
