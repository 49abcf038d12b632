import { describe, expect, test } from "vitest";
import {
  ADDRESS,
  FIRST_TRIES,
  KEY,
  KNOWN_PAIR,
  LoginLimits,
  PAIR,
  REPEAT,
  type Try,
} from "../../../src/iam/logins/login-limits.ts";

const KEY_ID = "AKIAFARMFARMFARMFARM";
const FARM = "192.0.2.1";
const HOUR = 3_600_000;

const attempt = (fingerprint: string | undefined, more: Partial<Try> = {}): Try => ({
  ...{ from: FARM, accessKeyId: KEY_ID, fingerprint },
  ...more,
});

/** Tries as a door makes them: asks, and is wrong where it is heard. How many were heard. */
function guess(
  limits: LoginLimits,
  tries: number,
  of: (at: number) => Try,
  now: () => number = () => 0,
): number {
  let heard = 0;
  for (let at = 0; at < tries; at++) {
    const each = of(at);
    const time = now();
    if (limits.wait(each, time) > 0) continue;
    heard++;
    limits.failed(each, time);
  }
  return heard;
}

describe("wrong passwords of one key from one address", () => {
  test("are slowed down after a burst", () => {
    const limits = new LoginLimits();
    expect(guess(limits, 550, (at) => attempt(`wrong ${at}`))).toBe(PAIR.burst);
  });

  test("are heard one a second after it", () => {
    const limits = new LoginLimits();
    let now = 0;
    guess(limits, 550, (at) => attempt(`wrong ${at}`));
    const heard = guess(
      limits,
      600,
      (at) => attempt(`more ${at}`),
      () => (now += 100),
    );
    expect(heard).toBe(60);
  });

  test("do not slow down the same key from elsewhere", () => {
    const limits = new LoginLimits();
    guess(limits, 550, (at) => attempt(`wrong ${at}`));
    expect(limits.wait(attempt("right", { from: "198.51.100.1" }), 0)).toBe(0);
  });

  test("do not slow down another key from there", () => {
    const limits = new LoginLimits();
    guess(limits, 550, (at) => attempt(`wrong ${at}`));
    expect(limits.wait(attempt("right", { accessKeyId: "AKIAOTHEROTHEROTHER1" }), 0)).toBe(0);
  });

  test("count the same for signatures, of which each is another one", () => {
    expect(guess(new LoginLimits(), 550, () => attempt(undefined))).toBe(PAIR.burst);
  });
});

describe("wrong passwords of one key from many addresses", () => {
  const fromEverywhere = (at: number): Try => attempt(`wrong ${at}`, { from: `10.0.${at >> 4}.1` });

  test("are few from each once they are many", () => {
    const limits = new LoginLimits();
    const heard = guess(limits, 16 * 100, fromEverywhere);
    expect(heard).toBeLessThan(KEY.burst + PAIR.burst + FIRST_TRIES * 100);
  });

  test("do not lock its owner out, from an address that is known or from a new one", () => {
    const limits = new LoginLimits();
    limits.proven(attempt("right", { from: "198.51.100.1" }), 0);
    guess(limits, 16 * 100, fromEverywhere);
    expect(limits.wait(attempt("right", { from: "198.51.100.1" }), 0)).toBe(0);
    expect(limits.wait(attempt("new token", { from: "198.51.100.1" }), 0)).toBe(0);
    expect(limits.wait(attempt("right", { from: "203.0.113.1" }), 0)).toBe(0);
  });
});

describe("many wrong keys from one address", () => {
  test("are slowed down after a burst", () => {
    const limits = new LoginLimits();
    const heard = guess(limits, 2_000, (at) =>
      attempt("p", { accessKeyId: `AKIA${at}`, fingerprint: `${at}` }),
    );
    expect(heard).toBe(ADDRESS.burst);
  });

  test("as tokens that nobody signed, too", () => {
    const heard = guess(new LoginLimits(), 2_000, (at) => attempt(`token ${at}`, { accessKeyId: "" }));
    expect(heard).toBe(ADDRESS.burst);
  });

  test("do not slow down who was proven from there", () => {
    const limits = new LoginLimits();
    limits.proven(attempt("right"), 0);
    limits.proven(attempt(undefined, { accessKeyId: "AKIASIGNSSIGNSSIGNS1" }), 0);
    guess(limits, 2_000, (at) => attempt(`${at}`, { accessKeyId: `AKIA${at}` }));
    expect(limits.wait(attempt("right"), 0)).toBe(0);
    expect(limits.wait(attempt(undefined, { accessKeyId: "AKIASIGNSSIGNSSIGNS1" }), 0)).toBe(0);
  });
});

describe("a flood of a neighbour behind the same address", () => {
  const elsewhere = { from: "198.51.100.1" };
  const ofKeys = (at: number): Try => attempt(`${at}`, { accessKeyId: `AKIA${at}` });

  test("does not shut out a key that was proven elsewhere within the hour", () => {
    const limits = new LoginLimits();
    limits.proven(attempt(undefined, elsewhere), 0);
    guess(limits, 2_000, ofKeys);
    expect(limits.wait(attempt("right"), 0)).toBe(0);
    expect(limits.wait(attempt(undefined), 0)).toBe(0);
    expect(limits.wait(attempt("right", { accessKeyId: "AKIANOBODYKNOWSTHIS1" }), 0)).toBeGreaterThan(0);
  });

  test("does not let that key be guessed", () => {
    const limits = new LoginLimits();
    limits.proven(attempt(undefined, elsewhere), 0);
    guess(limits, 2_000, ofKeys);
    expect(guess(limits, 550, (at) => attempt(`wrong ${at}`))).toBe(PAIR.burst);
  });

  test("of wrong keys does not shut out tokens of issuers, nor the other way round", () => {
    const limits = new LoginLimits();
    guess(limits, 2_000, ofKeys);
    expect(limits.wait(attempt("token", { accessKeyId: "" }), 0)).toBe(0);
    guess(limits, 2_000, (at) => attempt(`token ${at}`, { accessKeyId: "", ...elsewhere }));
    expect(limits.wait(attempt("right", elsewhere), 0)).toBe(0);
  });
});

describe("a farm of 200 machines behind one address", () => {
  const right = (at: number): Try => attempt("right", { accessKeyId: `AKIA${1_000 + (at % 200)}` });

  test("is never slowed down while it is right, whatever it does", () => {
    const limits = new LoginLimits();
    for (let at = 0; at < 20_000; at++) {
      expect(limits.wait(right(at), 0)).toBe(0);
      limits.proven(right(at), 0);
    }
  });

  test("may have an old password on every machine, each with a key of its own", () => {
    const limits = new LoginLimits();
    expect(guess(limits, 200, (at) => attempt(`old ${at}`, { accessKeyId: `AKIA${at}` }))).toBe(200);
    expect(limits.wait(attempt("right"), 0)).toBe(0);
  });

  test("with one old password goes on where it has the right one, before and after it was proven", () => {
    const limits = new LoginLimits();
    expect(guess(limits, 5_000, () => attempt("old"))).toBe(REPEAT.burst);
    expect(limits.wait(attempt("right"), 0)).toBe(0);
    limits.proven(attempt("right"), 0);
    guess(limits, 5_000, () => attempt("old"));
    expect(limits.wait(attempt("right"), 0)).toBe(0);
  });

  test("with one old secret that signs goes on where its key was proven", () => {
    const limits = new LoginLimits();
    limits.proven(attempt(undefined), 0);
    let now = 0;
    const heard = guess(
      limits,
      3_000,
      () => attempt(undefined),
      () => (now += 1_000 / 4),
    );
    expect(heard).toBe(3_000);
    expect(limits.wait(attempt(undefined), now)).toBe(0);
  });

  test("is not let through without end because it is known", () => {
    const limits = new LoginLimits();
    limits.proven(attempt(undefined), 0);
    expect(guess(limits, 5_000, () => attempt(undefined))).toBe(KNOWN_PAIR.burst);
  });
});

describe("one wrong credential again and again", () => {
  test("is slowed down for itself, and heard again after its time", () => {
    const limits = new LoginLimits();
    guess(limits, 1_000, () => attempt("old"));
    expect(limits.wait(attempt("old"), 0)).toBe(REPEAT.every);
    expect(limits.wait(attempt("old"), REPEAT.every)).toBe(0);
  });

  test("that becomes right is free again", () => {
    const limits = new LoginLimits();
    guess(limits, 1_000, () => attempt("old"));
    limits.proven(attempt("old"), 1);
    expect(limits.wait(attempt("old"), 1)).toBe(0);
  });
});

describe("what was proven", () => {
  test("is news once an hour", () => {
    const limits = new LoginLimits();
    expect([0, 1, HOUR - 1, HOUR].map((now) => limits.proven(attempt("right"), now))).toEqual([
      ...[true, false, false, true],
    ]);
  });

  test("is known from its address alone", () => {
    const limits = new LoginLimits();
    limits.proven(attempt("right"), 0);
    guess(limits, 550, (at) => attempt(`wrong ${at}`, { from: "198.51.100.1" }));
    expect(limits.wait(attempt("right", { from: "198.51.100.1" }), 0)).toBeGreaterThan(0);
  });

  test("and is wrong now, is known no longer", () => {
    const limits = new LoginLimits();
    limits.proven(attempt("right"), 0);
    expect(guess(limits, 1_000, () => attempt("right"))).toBe(REPEAT.burst);
  });
});
