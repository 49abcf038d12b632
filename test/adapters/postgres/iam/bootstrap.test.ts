import { afterAll, expect, test } from "vitest";
import { ADMINISTRATOR, makeTestHome, openTestState } from "../../../support/berth.ts";
import { rowsOf } from "../../../support/rows.ts";

const home = await makeTestHome();
afterAll(() => home.remove());

test("nodes that start at once make the administrator's key once, and record it once", async () => {
  const states = await Promise.all(Array.from({ length: 4 }, () => openTestState(home)));
  const [first] = states;
  if (first === undefined) throw new Error("no node");
  const recorded = await rowsOf(
    first,
    "SELECT detail->>'accessKeyId' AS id FROM audit_log WHERE action = 'iam:CreateAccessKey'",
  );
  const kept = await rowsOf(first, "SELECT id FROM access_keys");
  await Promise.all(states.map((state) => state.close()));
  expect(kept).toEqual([{ id: ADMINISTRATOR.accessKeyId }]);
  expect(recorded).toEqual(kept);
});
