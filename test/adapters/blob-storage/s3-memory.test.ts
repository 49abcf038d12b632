import { describe, expect, test } from "vitest";
import { SLAB, UploadMemory } from "../../../src/adapters/s3/memory.ts";
import { leastRemainder, slabsOfPart } from "../../../src/adapters/s3/part-size.ts";

describe("upload memory", () => {
  test("serves in order, and nobody overtakes", async () => {
    const memory = new UploadMemory(3 * SLAB);
    const first = await memory.take(2);
    const order: string[] = [];
    const big = memory.take(3).then((slabs) => {
      order.push("big");
      return slabs;
    });
    const little = memory.take(1).then((slabs) => {
      order.push("little");
      return slabs;
    });
    expect(memory.takeAtOnce(1)).toBeUndefined();
    memory.give(first);
    memory.give(await big);
    memory.give(await little);
    expect(order).toEqual(["big", "little"]);
    expect(memory.usedBytes).toBe(0);
  });

  test("gives up after a while as UNAVAILABLE, and lets others pass", async () => {
    const memory = new UploadMemory(2 * SLAB, 50);
    const held = await memory.take(1);
    const big = memory.take(2);
    const little = memory.take(1);
    await expect(big).rejects.toMatchObject({ reason: "UNAVAILABLE" });
    memory.give(await little);
    memory.give(held);
    expect(memory.usedBytes).toBe(0);
  });

  test("an abort leaves the queue", async () => {
    const memory = new UploadMemory(SLAB);
    const held = await memory.take(1);
    const stop = new AbortController();
    const waiting = memory.take(1, stop.signal);
    stop.abort(new Error("stopped"));
    await expect(waiting).rejects.toThrow("stopped");
    memory.give(held);
    expect(memory.takeAtOnce(1)).toHaveLength(1);
  });
});

describe("part sizes", () => {
  test("reach 52,000 MiB within 10,000 numbers, in one stream and in chunks of 5 MiB", () => {
    const MiB = 1024 * 1024;
    let stream = 0;
    for (let number = 1; number <= 10_000; number++) stream += slabsOfPart(number, 16) * SLAB;
    expect(stream).toBeGreaterThan(52_000 * MiB);
    let chunked = 0;
    for (let number = 1; number <= 10_000; number++) chunked += leastRemainder(number, 16);
    expect(chunked).toBeGreaterThan(52_000 * MiB);
    expect(leastRemainder(1, 16)).toBe(5 * MiB);
  });

  test("never exceed the memory there is", () => {
    expect(slabsOfPart(9999, 4)).toBe(4);
  });
});
