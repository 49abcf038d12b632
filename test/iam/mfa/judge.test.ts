import { Secret, TOTP } from "otpauth";
import { expect, test } from "vitest";
import { judgeCode, judgePair, type MfaCounters } from "../../../src/iam/mfa/judge.ts";

const SEED = Secret.fromLatin1("12345678901234567890").base32;
const NOW = new Date("2030-01-01T00:00:10.000Z");
const FRESH: MfaCounters = { lastStep: 0, drift: 0, failures: 0, retryAt: undefined };
const STEP = Math.floor(NOW.getTime() / 30_000);

const later = (seconds: number): Date => new Date(NOW.getTime() + seconds * 1000);
const codeAt = (step: number): string =>
  new TOTP({ secret: Secret.fromBase32(SEED) }).generate({ timestamp: step * 30_000 });
/** None of the codes around. */
const WRONG = ["000000", "000001", "000002", "000003"].find(
  (code) => ![-1, 0, 1].some((delta) => codeAt(STEP + delta) === code),
) as string;

/** Counters after that many wrong codes in a row, each when it is looked at again. */
function afterWrong(times: number): { counters: MfaCounters; at: Date } {
  let counters = FRESH;
  let at = NOW;
  for (let i = 0; i < times; i++) {
    if (counters.retryAt !== undefined && counters.retryAt > at) at = counters.retryAt;
    counters = judgeCode(SEED, counters, WRONG, at).counters;
  }
  return { counters, at };
}

test("a code counts once", () => {
  const first = judgeCode(SEED, FRESH, codeAt(STEP), NOW);
  expect(first).toMatchObject({ accepted: true, counters: { lastStep: STEP } });
  expect(judgeCode(SEED, first.counters, codeAt(STEP), later(1)).accepted).toBe(false);
});

test("a code before the last that counted counts no more", () => {
  const { counters } = judgeCode(SEED, FRESH, codeAt(STEP), NOW);
  expect(judgeCode(SEED, counters, codeAt(STEP - 1), NOW).accepted).toBe(false);
  expect(judgeCode(SEED, counters, codeAt(STEP + 1), NOW).accepted).toBe(true);
});

test("wrong codes are counted, and a right one makes them forgotten", () => {
  const { counters } = afterWrong(4);
  expect(counters).toMatchObject({ failures: 4, retryAt: undefined });
  expect(judgeCode(SEED, counters, codeAt(STEP), NOW)).toMatchObject({
    accepted: true,
    counters: { failures: 0 },
  });
});

test("a code that counted already is no guess", () => {
  const { counters } = judgeCode(SEED, FRESH, codeAt(STEP), NOW);
  expect(judgeCode(SEED, counters, codeAt(STEP), NOW).counters).toEqual(counters);
});

test("after five wrong codes none is looked at for half a minute, not even the right one", () => {
  const { counters, at } = afterWrong(5);
  expect(counters.retryAt).toEqual(new Date(at.getTime() + 30_000));
  expect(judgeCode(SEED, counters, codeAt(STEP), at)).toEqual({ accepted: false, counters });
  const again = later(30);
  expect(judgeCode(SEED, counters, codeAt(STEP + 1), again).accepted).toBe(true);
});

test("pauses double, up to a quarter of an hour", () => {
  const pauses = [5, 6, 7, 8, 9, 10, 11, 30].map((times) => {
    const { counters, at } = afterWrong(times);
    return ((counters.retryAt?.getTime() ?? 0) - at.getTime()) / 1000;
  });
  expect(pauses).toEqual([30, 60, 120, 240, 480, 900, 900, 900]);
});

test("two codes in a row end a pause and tell how the clock of the device goes", () => {
  const { counters } = afterWrong(5);
  const ahead = judgePair(SEED, counters, [codeAt(STEP + 9), codeAt(STEP + 10)], NOW);
  expect(ahead).toEqual({ lastStep: STEP + 10, drift: 10, failures: 0, retryAt: undefined });
  const next = judgeCode(SEED, ahead as MfaCounters, codeAt(STEP + 11), later(30));
  expect(next.accepted).toBe(true);
});

test.each([0, 1])("two codes %i steps ahead are those of a clock that is right", (ahead) => {
  const codes = [codeAt(STEP + ahead - 1), codeAt(STEP + ahead)] as const;
  expect(judgePair(SEED, FRESH, codes, NOW)?.drift).toBe(0);
});

test("codes that counted do not count as one of two", () => {
  const used = { ...FRESH, lastStep: STEP };
  expect(judgePair(SEED, used, [codeAt(STEP), codeAt(STEP + 1)], NOW)).toBeUndefined();
  expect(judgePair(SEED, used, [codeAt(STEP + 1), codeAt(STEP + 2)], NOW)).toBeDefined();
});

test("one code twice is not two in a row", () => {
  expect(judgePair(SEED, FRESH, [codeAt(STEP), codeAt(STEP)], NOW)).toBeUndefined();
});
