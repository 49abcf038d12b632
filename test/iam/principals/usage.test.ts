import { expect, test } from "vitest";
import { type KeyUse, keyUsageWriter } from "../../../src/iam/principals/usage.ts";

const use = (accessKeyId: string, minute: number): KeyUse => ({
  ...{ accessKeyId, service: "ecr", region: "r" },
  at: new Date(Date.UTC(2030, 0, 1, 0, minute)),
});

test("the last use of each key is written at once with the others", async () => {
  const batches: (readonly KeyUse[])[] = [];
  const recorder = keyUsageWriter(
    { record: async (uses) => void batches.push(uses) },
    { onFailure: () => undefined },
  );
  recorder.add(use("a", 1));
  recorder.add(use("b", 1));
  recorder.add(use("a", 2));
  await recorder.flush();
  await recorder.close();
  expect(batches).toEqual([[use("a", 2), use("b", 1)]]);
});

test("what could not be written is written with the next batch, unless there is something newer", async () => {
  const errors: Error[] = [];
  const batches: (readonly KeyUse[])[] = [];
  let fails = true;
  const recorder = keyUsageWriter(
    {
      async record(uses) {
        if (fails) {
          recorder.add(use("b", 9));
          throw new Error("no database");
        }
        batches.push(uses);
      },
    },
    { onFailure: (error) => errors.push(error) },
  );
  recorder.add(use("a", 1));
  recorder.add(use("b", 1));
  await recorder.flush();
  fails = false;
  await recorder.close();
  expect(errors).toHaveLength(1);
  expect(batches).toEqual([[use("a", 1), use("b", 9)]]);
});
