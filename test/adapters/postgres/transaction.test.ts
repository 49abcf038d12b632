import { afterAll, describe, expect, test } from "vitest";
import { makeTestHome, openTestState } from "../../support/berth.ts";

const home = await makeTestHome();
const { database, close } = await openTestState(home);
afterAll(async () => {
  await close();
  await home.remove();
});

const failing = (state: string) => ({
  name: `fail_${state}`,
  text: `DO $$ BEGIN RAISE 'as asked' USING ERRCODE = '${state}'; END $$`,
});

/** A transaction that ends with the state the first `times` times; how often it was tried, and what came of it. */
async function attempts(state: string, times: number): Promise<{ tries: number; outcome: string }> {
  let tries = 0;
  const outcome = await database
    .transaction(async (tx) => {
      if (++tries <= times) await tx.query(failing(state), []);
      return "done";
    })
    .catch(() => "failed");
  return { tries, outcome };
}

describe("a transaction", () => {
  test.each([
    ["40001", "that cannot be serialized"],
    ["40P01", "that ends a deadlock"],
  ])("%s %s is tried again until it succeeds", async (state) => {
    expect(await attempts(state, 1)).toEqual({ tries: 2, outcome: "done" });
    expect(await attempts(state, 5)).toEqual({ tries: 6, outcome: "done" });
  });

  test("is tried six times and no more", async () => {
    expect(await attempts("40001", 100)).toEqual({ tries: 6, outcome: "failed" });
  });

  test.each(["23505", "22012", "42501"])("that fails otherwise (%s) is not tried again", async (state) => {
    expect(await attempts(state, 1)).toEqual({ tries: 1, outcome: "failed" });
  });
});
