import { beforeEach, expect, test } from "vitest";
import type { AccountVersion, PrincipalPolicies } from "../../../src/iam/principals/principal-policies.ts";
import { PrincipalPolicyCache } from "../../../src/iam/principals/principal-policy-cache.ts";
import { ManualClock, MINUTE } from "../../support/clock.ts";

const ACCOUNT = "123456789012";
const SUBJECT = { account: ACCOUNT, uniqueId: "AIDA1", accessKeyId: "AKIA1" };

let account: AccountVersion | undefined;
let present: boolean;
let expiresAt: Date | undefined;
let loads: number;
let clock: ManualClock;
let cache: PrincipalPolicyCache;

beforeEach(() => {
  account = { version: 1, disabled: false };
  present = true;
  expiresAt = undefined;
  loads = 0;
  clock = new ManualClock();
  cache = new PrincipalPolicyCache(
    {
      async load() {
        loads++;
        const read = account;
        await new Promise((resolve) => setImmediate(resolve));
        return present && read !== undefined ? policies(read.version) : undefined;
      },
      versions: async () => new Map(account === undefined ? [] : [[ACCOUNT, account]]),
    },
    clock,
  );
});

function policies(version: number): PrincipalPolicies {
  const facts = {
    issuedAt: clock.now(),
    sourceIdentity: undefined,
    mfaAt: undefined,
    federatedProvider: undefined,
  };
  return {
    ...{ version, identity: [], boundary: undefined, session: [], tags: {} },
    sessionFacts: expiresAt && { ...facts, expiresAt },
  };
}

test("policies are loaded once for a version", async () => {
  await cache.load(SUBJECT);
  await cache.load(SUBJECT, 1);
  expect(loads).toBe(1);
});

test("a newer version is loaded, an older one is not asked for", async () => {
  await cache.load(SUBJECT);
  account = { version: 2, disabled: false };
  expect((await cache.load(SUBJECT))?.version).toBe(2);
  expect((await cache.load(SUBJECT, 1))?.version).toBe(2);
  expect(loads).toBe(2);
});

test("who asks at the same time is served by one look-up", async () => {
  await Promise.all(Array.from({ length: 20 }, () => cache.load(SUBJECT, 1)));
  expect(loads).toBe(1);
});

test("who knows of a newer version is not served by a look-up that began before it", async () => {
  const early = cache.load(SUBJECT, 1);
  account = { version: 2, disabled: false };
  expect((await cache.load(SUBJECT, 2))?.version).toBe(2);
  expect((await early)?.version).toBe(1);
  expect((await cache.load(SUBJECT, 2))?.version).toBe(2);
});

test("nobody has policies in an account that is disabled or gone", async () => {
  account = { version: 2, disabled: true };
  expect(await cache.load(SUBJECT)).toBeUndefined();
  account = undefined;
  expect(await cache.load(SUBJECT)).toBeUndefined();
  expect(loads).toBe(0);
});

test("a principal that is gone is forgotten", async () => {
  await cache.load(SUBJECT);
  [account, present] = [{ version: 2, disabled: false }, false];
  expect(await cache.load(SUBJECT)).toBeUndefined();
});

test("a session is over at its time, though nothing has changed", async () => {
  expiresAt = new Date(clock.now().getTime() + MINUTE);
  expect(await cache.load(SUBJECT)).toBeDefined();
  clock.advance(MINUTE);
  expect(await cache.load(SUBJECT)).toBeUndefined();
  expect(loads).toBe(1);
});
