import { expect, test } from "vitest";
import { BatchedReads } from "../../../src/adapters/postgres/batched-reads.ts";
import type { Database } from "../../../src/adapters/postgres/database.ts";

interface Row {
  readonly at: number;
  readonly value: string;
}

/** A database that knows every name but "nobody", and answers when it is told to. */
function database() {
  const asked: (readonly (readonly unknown[])[])[] = [];
  const answers: PromiseWithResolvers<void>[] = [];
  const read = async (_: unknown, columns: readonly (readonly unknown[])[]): Promise<Row[]> => {
    const answer = Promise.withResolvers<void>();
    asked.push(columns);
    answers.push(answer);
    await answer.promise;
    const rows = (columns[1] ?? []).map((name, index) => ({ at: index + 1, value: `${name}!` }));
    return rows.filter(({ value }) => value !== "nobody!").reverse();
  };
  const reads = new BatchedReads<[number, string], Row>(
    { read: read as unknown as Database["read"] },
    STATEMENT,
  );
  return { reads, asked, answers };
}

const STATEMENT = { name: "s", text: "" };
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("reads of one turn are one statement, and each gets its own row", async () => {
  const { reads, asked, answers } = database();
  const found = Promise.all([
    reads.read(1, "a"),
    reads.read(2, "nobody"),
    reads.read(3, "c"),
    reads.read(1, "a"),
  ]);
  await turn();
  expect(asked).toEqual([
    [
      [1, 2, 3, 1],
      ["a", "nobody", "c", "a"],
    ],
  ]);
  answers[0]?.resolve();
  expect((await found).map((row) => row?.value)).toEqual(["a!", undefined, "c!", "a!"]);
});

test("a read never joins a statement that was sent: it could miss what was committed since", async () => {
  const { reads, asked, answers } = database();
  const first = reads.read(1, "a");
  await turn();
  const second = reads.read(1, "a");
  await turn();
  expect(asked).toHaveLength(2);
  answers[1]?.resolve();
  expect(await second).toMatchObject({ value: "a!" });
  answers[0]?.resolve();
  expect(await first).toMatchObject({ value: "a!" });
});

test("a statement that fails fails its own reads alone", async () => {
  const { reads, answers } = database();
  const lost = Promise.allSettled([reads.read(1, "a"), reads.read(1, "b")]);
  await turn();
  const other = reads.read(1, "c");
  await turn();
  const failure = new Error("lost");
  answers[0]?.reject(failure);
  answers[1]?.resolve();
  expect(await lost).toEqual([
    { status: "rejected", reason: failure },
    { status: "rejected", reason: failure },
  ]);
  expect(await other).toMatchObject({ value: "c!" });
});

test("a statement takes 200 reads at most", async () => {
  const { reads, asked, answers } = database();
  const found = Promise.all(Array.from({ length: 450 }, (_, index) => reads.read(index, `n${index}`)));
  await turn();
  expect(asked.map((columns) => columns[0]?.length)).toEqual([200, 200, 50]);
  for (const { resolve } of answers) resolve();
  expect((await found).map((row) => row?.value)).toEqual(
    Array.from({ length: 450 }, (_, index) => `n${index}!`),
  );
});
