import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { failureClassOf } from "../../../src/http/ops/failure-class.ts";
import { type Check, Readiness } from "../../../src/http/ops/readiness.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance", "setTimeout", "clearTimeout"] });
});
afterEach(() => {
  vi.useRealTimers();
});

const failing = (code: string) => Object.assign(new Error("secret"), { code });

/** A check that the test lets fail, and how often it was looked at. */
function checked(more: Partial<Check> = {}) {
  const state: { error: Error | undefined; looks: number } = { error: undefined, looks: 0 };
  const check: Check = {
    async probe() {
      state.looks++;
      if (state.error !== undefined) throw state.error;
    },
    ...{ isEssential: true, remember: 1_000, ...more },
  };
  const changes: unknown[] = [];
  const readiness = new Readiness({ it: check }, (...change) => changes.push(change.slice(0, 2)));
  return { state, readiness, changes };
}

describe("a look", () => {
  test("is remembered for as long as the check says, also by those who ask at once", async () => {
    const { state, readiness } = checked();
    await Promise.all(Array.from({ length: 100 }, () => readiness.report()));
    vi.advanceTimersByTime(999);
    await readiness.report();
    expect(state.looks).toBe(1);
    vi.advanceTimersByTime(1);
    await readiness.report();
    expect(state.looks).toBe(2);
  });

  test("that finds no answer in three seconds has failed", async () => {
    const { readiness } = checked({ probe: () => new Promise(() => undefined) });
    const report = readiness.report();
    await vi.advanceTimersByTimeAsync(3_000);
    expect(await report).toEqual({ isReady: false, checks: { it: "failed" }, reasons: { it: "timeout" } });
  });

  test("is told of when it finds something else than before", async () => {
    const { state, readiness, changes } = checked();
    for (const error of [undefined, failing("ENOSPC"), failing("ENOSPC"), undefined, undefined]) {
      state.error = error;
      vi.advanceTimersByTime(1_000);
      await readiness.report();
    }
    expect(changes).toEqual([
      ["it", "full"],
      ["it", undefined],
    ]);
  });
});

test("what is not essential fails without making the whole fail", async () => {
  const { state, readiness } = checked({ isEssential: false });
  state.error = failing("EROFS");
  expect(await readiness.report()).toEqual({
    isReady: true,
    checks: { it: "failed" },
    reasons: { it: "read_only" },
  });
});

describe("the class of a failure", () => {
  test.each<[unknown, string]>([
    [failing("ECONNREFUSED"), "unreachable"],
    [failing("08006"), "unreachable"],
    [failing("57P03"), "unreachable"],
    [failing("28P01"), "denied"],
    [failing("EACCES"), "denied"],
    [Object.assign(new Error("S3"), { s3Code: "AccessDenied" }), "denied"],
    [Object.assign(new Error("S3"), { status: 403 }), "denied"],
    [failing("ENOENT"), "missing"],
    [failing("42P01"), "missing"],
    [failing("53100"), "full"],
    [failing("EDQUOT"), "full"],
    [failing("25006"), "read_only"],
    [failing("53300"), "overloaded"],
    [new Error("outside", { cause: new Error("middle", { cause: failing("ENOSPC") }) }), "full"],
    [failing("toString"), "error"],
    [new Error("password=hunter2"), "error"],
    ["text", "error"],
  ])("%#: %s is %s", (error, wanted) => {
    expect(failureClassOf(error)).toBe(wanted);
  });

  test("of an error that is its own cause has an end", () => {
    const error = new Error("loop");
    error.cause = error;
    expect(failureClassOf(error)).toBe("error");
  });
});
