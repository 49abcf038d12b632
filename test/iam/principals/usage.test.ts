import { expect, test } from "vitest";
import { KeyUsageRecorder, type KeyUse } from "../../../src/iam/principals/usage.ts";

const use = (accessKeyId: string, minute: number): KeyUse => ({
  ...{ accessKeyId, service: "ecr", region: "r" },
  at: new Date(Date.UTC(2030, 0, 1, 0, minute)),
});

test("the last use of each key is written at once with the others", async () => {
  const batches: (readonly KeyUse[])[] = [];
  const recorder = new KeyUsageRecorder({ record: async (uses) => void batches.push(uses) }, () => undefined);
  recorder.note(use("a", 1));
  recorder.note(use("b", 1));
  recorder.note(use("a", 2));
  await recorder.flush();
  await recorder.close();
  expect(batches).toEqual([[use("a", 2), use("b", 1)]]);
});

test("what could not be written is written with the next batch, unless there is something newer", async () => {
  const errors: Error[] = [];
  const batches: (readonly KeyUse[])[] = [];
  let fails = true;
  const recorder = new KeyUsageRecorder(
    {
      async record(uses) {
        if (fails) {
          recorder.note(use("b", 9));
          throw new Error("no database");
        }
        batches.push(uses);
      },
    },
    (error) => errors.push(error),
  );
  recorder.note(use("a", 1));
  recorder.note(use("b", 1));
  await recorder.flush();
  fails = false;
  await recorder.close();
  expect(errors).toHaveLength(1);
  expect(batches).toEqual([[use("b", 9), use("a", 1)]]);
});
