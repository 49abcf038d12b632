import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { AccountVersions, VERSION_BELIEVED } from "../../../src/iam/access/account-versions.ts";
import type { AccountVersion } from "../../../src/iam/principals/principal-policies.ts";

const ACCOUNT = "123456789012";
const OTHER = "210987654321";

const accounts = new Map<string, AccountVersion>();
let reads: string[];
/** What the next readings wait for, or fail by. */
let reading: () => Promise<void>;
/** Milliseconds; they pass when a test says so. */
let now: number;
let versions: AccountVersions;

beforeEach(() => {
  now = 1_000;
  vi.spyOn(performance, "now").mockImplementation(() => now);
  accounts.clear();
  accounts.set(ACCOUNT, { version: 1, disabled: false }).set(OTHER, { version: 7, disabled: false });
  reads = [];
  reading = async () => undefined;
  versions = new AccountVersions({
    async versions(asked) {
      reads.push(...asked);
      const found = new Map([...accounts].filter(([id]) => asked.includes(id)));
      await reading();
      return found;
    },
  });
});
afterEach(() => vi.restoreAllMocks());

test("a change is in force after half a second", () => {
  expect(VERSION_BELIEVED).toBe(500);
});

test("a version is believed for that long, however often it is asked for, and then read again", async () => {
  for (; now < 1_500; now += 50) expect(await versions.of(ACCOUNT)).toBe(1);
  accounts.set(ACCOUNT, { version: 2, disabled: false });
  now = 1_499;
  expect(await versions.of(ACCOUNT)).toBe(1);
  expect(reads).toEqual([ACCOUNT]);
  now = 1_500;
  expect(await versions.of(ACCOUNT)).toBe(2);
  expect(reads).toEqual([ACCOUNT, ACCOUNT]);
});

test("a reading counts from its beginning: what it saw may be as old as that", async () => {
  reading = async () => {
    await undefined;
    now += 499;
  };
  expect(await versions.of(ACCOUNT)).toBe(1);
  accounts.set(ACCOUNT, { version: 2, disabled: false });
  now += 1;
  expect(await versions.of(ACCOUNT)).toBe(2);
});

test("a change that this process made is in force at once, also over a reading that is under way", async () => {
  expect(await versions.of(ACCOUNT)).toBe(1);
  accounts.set(ACCOUNT, { version: 2, disabled: false });
  versions.forget(ACCOUNT);
  expect(await versions.of(ACCOUNT)).toBe(2);
  const { promise, resolve } = Promise.withResolvers<void>();
  now += 500;
  reading = () => promise;
  const before = versions.of(ACCOUNT);
  accounts.set(ACCOUNT, { version: 3, disabled: false });
  versions.forget(ACCOUNT);
  reading = async () => undefined;
  expect(await versions.of(ACCOUNT)).toBe(3);
  resolve();
  expect(await before).toBe(2);
  expect(await versions.of(ACCOUNT)).toBe(3);
});

test("accounts are apart", async () => {
  expect(await versions.of(ACCOUNT)).toBe(1);
  expect(await versions.of(OTHER)).toBe(7);
  expect(await versions.of(ACCOUNT)).toBe(1);
  expect(reads).toEqual([ACCOUNT, OTHER]);
});

test("who asks at the same time is served by one reading", async () => {
  expect(await Promise.all(Array.from({ length: 20 }, () => versions.of(ACCOUNT)))).toEqual(
    Array(20).fill(1),
  );
  expect(reads).toEqual([ACCOUNT]);
});

test("an account that is disabled or not there has none, and that is believed as well", async () => {
  accounts.set(ACCOUNT, { version: 2, disabled: true });
  for (const account of [ACCOUNT, "999999999999", ""]) {
    expect(await versions.of(account)).toBeUndefined();
    expect(await versions.of(account)).toBeUndefined();
  }
  expect(reads).toHaveLength(3);
  accounts.set(ACCOUNT, { version: 3, disabled: false });
  now += VERSION_BELIEVED;
  expect(await versions.of(ACCOUNT)).toBe(3);
});

test("a failure is told to all that wait for it, and is not kept", async () => {
  reading = () => Promise.reject(new Error("connection lost"));
  const answers = await Promise.allSettled([versions.of(ACCOUNT), versions.of(ACCOUNT)]);
  expect(answers.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  expect(reads).toHaveLength(1);
  reading = async () => undefined;
  expect(await versions.of(ACCOUNT)).toBe(1);
});

test("a failure that comes late does not take a later reading away", async () => {
  let fail: (error: Error) => void = () => undefined;
  reading = () => new Promise((_, reject) => (fail = reject));
  const late = versions.of(ACCOUNT);
  now += VERSION_BELIEVED;
  reading = async () => undefined;
  expect(await versions.of(ACCOUNT)).toBe(1);
  fail(new Error("connection lost"));
  await expect(late).rejects.toThrow("connection lost");
  expect(await versions.of(ACCOUNT)).toBe(1);
  expect(reads).toHaveLength(2);
});

describe("without waiting", () => {
  test("a version is known once it has been read, for as long as it is believed", async () => {
    expect(versions.believed(ACCOUNT)).toBeUndefined();
    await versions.of(ACCOUNT);
    expect([versions.believed(ACCOUNT), versions.believed(OTHER)]).toEqual([1, undefined]);
    now += VERSION_BELIEVED - 1;
    expect(versions.believed(ACCOUNT)).toBe(1);
    now += 1;
    expect(versions.believed(ACCOUNT)).toBeUndefined();
    expect(reads).toEqual([ACCOUNT]);
  });

  test("an account that is disabled or not there has none", async () => {
    accounts.set(ACCOUNT, { version: 2, disabled: true });
    for (const account of [ACCOUNT, "999999999999"]) {
      await versions.of(account);
      expect(versions.believed(account)).toBeUndefined();
    }
  });
});
