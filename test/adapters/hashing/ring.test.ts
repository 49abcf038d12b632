import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import { newRingMemory, Order, Ring } from "../../../src/adapters/hashing/ring.ts";

/** Wakes the other side before there is an order, as one that is late with it does. */
const LATE = `
  const { workerData } = require("node:worker_threads");
  import(workerData.script).then(({ Ring, Order }) => {
    const counters = new Int32Array(workerData.memory.control);
    const asleep = Date.now() + 5_000;
    while (Atomics.notify(counters, 0) === 0 && Date.now() < asleep);
    new Ring(workerData.memory).give(Order.update, 7, 5, Buffer.from("order"));
  });
`;

test("who is woken without an order sleeps on", async () => {
  const memory = newRingMemory();
  const script = new URL("../../../src/adapters/hashing/ring.ts", import.meta.url).href;
  const worker = new Worker(LATE, { eval: true, workerData: { memory, script } });
  const done: unknown[] = [];
  new Ring(memory).next((order, state, argument, slot) => {
    done.push(order, state, slot.subarray(0, argument).toString());
  });
  expect(done).toEqual([Order.update, 7, "order"]);
  await worker.terminate();
});

test("a full ring takes no order", () => {
  const memory = newRingMemory();
  const [giver, doer] = [new Ring(memory), new Ring(memory)];
  let given = 0;
  while (giver.give(Order.drop, given, 0)) given++;
  expect(given).toBe(64);
  doer.next((_, state) => expect(state).toBe(0));
  expect(giver.give(Order.drop, given, 0)).toBe(true);
  expect(giver.give(Order.drop, given, 0)).toBe(false);
});
