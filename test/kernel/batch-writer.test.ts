import { describe, expect, test } from "vitest";
import { BatchWriter, type BatchWriterOptions, type Schedule } from "../../src/kernel/batch-writer.ts";

interface Note {
  readonly key: string;
  readonly at: number;
}

const note = (key: string, at = 0): Note => ({ key, at });

/** A writer whose timers and database are the test's. */
function openWriter(options: Partial<BatchWriterOptions<Note>> = {}) {
  const batches: string[][] = [];
  const failures: string[] = [];
  const timers: { readonly milliseconds: number; readonly work: () => void }[] = [];
  let full = 0;
  const schedule: Schedule = (milliseconds, work) => {
    const timer = { milliseconds, work };
    timers.push(timer);
    return () => void timers.splice(timers.indexOf(timer) >>> 0, 1);
  };
  const database: { write: (batch: readonly Note[]) => Promise<void> } = {
    write: async (batch) => void batches.push(batch.map(({ key, at }) => `${key}${at}`)),
  };
  const writer = new BatchWriter<Note>({
    ...{ waitingMax: 4, batchMax: 3, writeAfter: 100, retryAfter: 900, schedule },
    write: (batch) => database.write(batch),
    onFailure: (error) => failures.push(error.message),
    onFull: () => full++,
    ...options,
  });
  return {
    ...{ writer, batches, failures, timers, database },
    timesFull: () => full,
    /** Ends the wait that is on, and whatever it begins. */
    async pass() {
      timers.shift()?.work();
      await writer.flush();
    },
  };
}

const down = async (): Promise<void> => {
  throw new Error("down");
};
const never = (): Promise<void> => new Promise(() => undefined);

describe("a batch", () => {
  test("is written after a while, in the order in which its entries came", async () => {
    const { writer, batches, timers, pass } = openWriter();
    writer.add(note("a"));
    writer.add(note("b"));
    expect(timers.map(({ milliseconds }) => milliseconds)).toEqual([100]);
    await pass();
    expect(batches).toEqual([["a0", "b0"]]);
  });

  test("is written at once when it is whole", async () => {
    const { writer, batches } = openWriter();
    for (const key of ["a", "b", "c"]) writer.add(note(key));
    await writer.flush();
    expect(batches).toEqual([["a0", "b0", "c0"]]);
  });

  test("is as large as it may be, and others follow", async () => {
    const { writer, batches } = openWriter({ waitingMax: 10, batchMax: 3 });
    for (let at = 0; at < 7; at++) writer.add(note("a", at));
    await writer.flush();
    expect(batches).toEqual([["a0", "a1", "a2"], ["a3", "a4", "a5"], ["a6"]]);
  });

  test("has the last entry of each key alone", async () => {
    const { writer, batches } = openWriter({ keyOf: ({ key }) => key });
    writer.add(note("a", 1));
    writer.add(note("b", 1));
    writer.add(note("a", 2));
    await writer.flush();
    expect(batches).toEqual([["a2", "b1"]]);
  });

  test("leaves alone what came under the same key while it was written", async () => {
    const { writer, batches, database } = openWriter({ keyOf: ({ key }) => key });
    const { write } = database;
    database.write = (batch) => {
      database.write = write;
      writer.add(note("a", 2));
      return write(batch);
    };
    writer.add(note("a", 1));
    await writer.flush();
    expect(batches).toEqual([["a1"], ["a2"]]);
  });
});

describe("while the database does not answer", () => {
  test("entries wait and are written with the next ones", async () => {
    const { writer, batches, failures, timers, database, pass } = openWriter();
    const { write } = database;
    database.write = down;
    writer.add(note("a"));
    await pass();
    expect(failures).toEqual(["down"]);
    expect(timers.map(({ milliseconds }) => milliseconds)).toEqual([900]);
    database.write = write;
    writer.add(note("b"));
    await pass();
    expect(batches).toEqual([["a0", "b0"]]);
    expect(writer.dropped).toBe(0);
  });

  test("so many entries that would be a batch do not hurry the next try", async () => {
    const { writer, failures, database, pass } = openWriter();
    database.write = down;
    writer.add(note("a"));
    await pass();
    for (const key of ["b", "c", "d"]) writer.add(note(key));
    await Promise.resolve();
    expect(failures).toEqual(["down"]);
  });

  test("a flush that meets another one that fails does not reject", async () => {
    const { writer, database } = openWriter();
    database.write = down;
    writer.add(note("a"));
    await expect(Promise.all([writer.flush(), writer.flush()])).resolves.toBeDefined();
  });

  test("entries beyond a number are dropped, counted, and said once until there is room", async () => {
    const { writer, database, timesFull } = openWriter();
    const { write } = database;
    database.write = down;
    await writer.flush();
    const kept = Array.from({ length: 7 }, (_, at) => writer.add(note("a", at)));
    expect(kept).toEqual([true, true, true, true, false, false, false]);
    expect([writer.waiting, writer.dropped, timesFull()]).toEqual([4, 3, 1]);
    database.write = write;
    await writer.flush();
    await writer.flush();
    expect([writer.waiting, writer.add(note("b"))]).toEqual([0, true]);
  });

  test("a full writer takes what has the place of another one", () => {
    const { writer, database } = openWriter({ keyOf: ({ key }) => key, batchMax: 9 });
    database.write = never;
    for (const key of ["a", "b", "c", "d"]) writer.add(note(key));
    expect([writer.add(note("a", 1)), writer.add(note("e"))]).toEqual([true, false]);
  });
});

describe("a writer that is closed", () => {
  test("has written what waited", async () => {
    const { writer, batches } = openWriter();
    writer.add(note("a"));
    await writer.close();
    expect(batches).toEqual([["a0"]]);
  });

  test("waits no longer than a bound, and counts what it leaves", async () => {
    const { writer, database, timers } = openWriter();
    database.write = never;
    writer.add(note("a"));
    const closed = writer.close();
    timers.findLast(({ milliseconds }) => milliseconds === 5_000)?.work();
    await closed;
    expect([writer.waiting, writer.dropped]).toEqual([0, 1]);
  });

  test("takes nothing any more, and waits for no time to pass", async () => {
    const { writer, timers } = openWriter();
    writer.add(note("a"));
    await writer.close();
    expect(writer.add(note("b"))).toBe(false);
    expect(timers).toEqual([]);
  });
});
