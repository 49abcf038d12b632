import { expect, test } from "vitest";
import type { Waiting } from "../../src/events/ports.ts";
import { START } from "../../src/events/position.ts";
import { WAITERS_MAX, WAITERS_PER_ACCOUNT, Waiters } from "../../src/events/waiters.ts";
import type { RegistryId } from "../../src/registry/scope.ts";

/** Timers that a test lets run, and looks that it answers. */
function scene(more: (waiting: readonly Waiting[]) => Promise<readonly number[]> = async () => []) {
  const timers = new Map<() => void, number>();
  const looks: (readonly Waiting[])[] = [];
  const failures: unknown[] = [];
  const waiters = new Waiters({
    reader: {
      whoHasMore(waiting) {
        looks.push(waiting);
        return more(waiting);
      },
    },
    onFailure: (error) => failures.push(error),
    schedule: (milliseconds, work) => {
      timers.set(work, milliseconds);
      return () => timers.delete(work);
    },
  });
  return {
    ...{ waiters, looks, failures, timers },
    /** Lets the timers of that many milliseconds run. */
    async pass(milliseconds: number) {
      for (const [work, after] of [...timers]) {
        if (after === milliseconds && timers.delete(work)) work();
      }
      for (let turn = 0; turn < 5; turn++) await Promise.resolve();
    },
  };
}

const asking = (registry: number, account = "000000000001") => ({
  ...{ registry: registry as RegistryId, from: START, account },
});
const STAYS = new AbortController().signal;

test("one look asks for all who wait, and wakes those for whom there is something", async () => {
  const { waiters, looks, pass, timers } = scene(async () => [1]);
  const ended: number[] = [];
  for (const registry of [1, 2, 3]) {
    void waiters.wait(asking(registry), 20_000, STAYS).then(() => ended.push(registry));
  }
  await pass(1_000);
  expect(looks.map((look) => look.map(({ registry }) => registry))).toEqual([[1, 2, 3]]);
  expect(ended).toEqual([2]);
  await pass(1_000);
  expect(looks[1]?.map(({ registry }) => registry)).toEqual([1, 3]);
  await pass(20_000);
  expect(ended.sort()).toEqual([1, 2, 3]);
  await pass(1_000);
  expect(looks).toHaveLength(2);
  expect(timers.size).toBe(0);
});

test("a reader that is gone waits no longer", async () => {
  const { waiters, pass } = scene();
  const gone = new AbortController();
  const waiting = waiters.wait(asking(1), 20_000, gone.signal);
  gone.abort();
  await waiting;
  await waiters.wait(asking(1), 20_000, gone.signal);
  await pass(1_000);
});

test("a look that fails is told of, and the next one comes", async () => {
  let fails = true;
  const { waiters, failures, pass } = scene(async () => {
    if (!fails) return [0];
    fails = false;
    throw new Error("no database");
  });
  const waiting = waiters.wait(asking(1), 20_000, STAYS);
  await pass(1_000);
  expect(failures).toEqual([new Error("no database")]);
  await pass(1_000);
  await waiting;
});

test("an account and a node have only so many, and places are given back", async () => {
  const { waiters, pass } = scene();
  const gone = new AbortController();
  const waiting: Promise<void>[] = [];
  const begin = (account: string): void => {
    waiting.push(waiters.wait(asking(1, account), 20_000, gone.signal));
  };
  const isFull = (account: string): Promise<void> =>
    expect(waiters.wait(asking(1, account), 1, STAYS)).rejects.toMatchObject({ reason: "TOOMANYREQUESTS" });
  for (let place = 0; place < WAITERS_PER_ACCOUNT; place++) begin("a");
  await isFull("a");
  for (let place = WAITERS_PER_ACCOUNT; place < WAITERS_MAX; place++) begin(`other ${place}`);
  await isFull("b");
  gone.abort();
  await Promise.all(waiting);
  void waiters.wait(asking(1, "a"), 7, STAYS);
  await pass(7);
});

test("closing wakes everybody, and nobody waits after it", async () => {
  const { waiters, timers } = scene();
  const waiting = waiters.wait(asking(1), 20_000, STAYS);
  waiters.close();
  await waiting;
  await waiters.wait(asking(1), 20_000, STAYS);
  expect(timers.size).toBe(0);
});
