import { describe, expect, test } from "vitest";
import { TokenBuckets } from "../../src/kernel/token-buckets.ts";

const open = (): TokenBuckets => new TokenBuckets({ burst: 3, every: 100 }, 2);
const take = (buckets: TokenBuckets, name: string, times: number, now = 0): void => {
  for (let at = 0; at < times; at++) buckets.take(name, now);
};

describe("a bucket", () => {
  test("is full until something is taken", () => {
    const buckets = open();
    expect([buckets.level("a", 0), buckets.isTouched("a", 0), buckets.wait("a", 0)]).toEqual([3, false, 0]);
    take(buckets, "a", 1);
    expect([buckets.level("a", 0), buckets.isTouched("a", 0), buckets.wait("a", 0)]).toEqual([2, true, 0]);
  });

  test("that is empty has a token again after its time", () => {
    const buckets = open();
    take(buckets, "a", 3);
    expect([0, 40, 100].map((now) => buckets.wait("a", now))).toEqual([100, 60, 0]);
  });

  test("owes what was taken beyond, as much as it holds at most", () => {
    const buckets = open();
    take(buckets, "a", 5);
    expect(buckets.wait("a", 0)).toBe(300);
    take(buckets, "a", 50);
    expect(buckets.level("a", 0)).toBe(-3);
  });

  test("holds no more than its burst, however long it waits", () => {
    const buckets = open();
    take(buckets, "a", 1);
    expect(buckets.level("a", 1e9)).toBe(3);
  });

  test("loses nothing where time goes back", () => {
    const buckets = open();
    take(buckets, "a", 1, 1_000);
    expect(buckets.level("a", 0)).toBe(2);
  });

  test("is none of another name's, and full once it is filled", () => {
    const buckets = open();
    take(buckets, "a", 3);
    expect(buckets.wait("b", 0)).toBe(0);
    buckets.fill("a");
    expect(buckets.level("a", 0)).toBe(3);
  });

  test("of too many the one that was used longest ago is forgotten", () => {
    const buckets = open();
    for (const name of ["a", "b", "c"]) take(buckets, name, 3);
    expect(["a", "b", "c"].map((name) => buckets.level(name, 0))).toEqual([3, 0, 0]);
  });
});
