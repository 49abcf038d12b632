import pg from "pg";
import { afterAll, describe, expect, test } from "vitest";
import { postgresAuditLog } from "../../../../src/adapters/postgres/audit/log.ts";
import { openDatabase } from "../../../../src/adapters/postgres/database.ts";
import type { AuditRecord, AuditWriter } from "../../../../src/audit/audit-log.ts";
import { AuditRecorder, DENIALS_PER_MINUTE, DENIED_PAIRS_MAX } from "../../../../src/audit/recorder.ts";
import type { Denial } from "../../../../src/iam/authorizer.ts";
import { type KeptDenial, recordDenial } from "../../../../src/iam/explain/denials.ts";
import { ANONYMOUS } from "../../../../src/iam/principal.ts";
import { makeTestHome, openTestState } from "../../../support/berth.ts";
import { ManualClock } from "../../../support/clock.ts";

const home = await makeTestHome();
const state = await openTestState(home);
afterAll(async () => {
  await state.close();
  await home.remove();
});
const store = postgresAuditLog(state.database);
const AT = new Date("2026-03-01T12:00:00Z");

const clock = new ManualClock(AT.toISOString());
let requests = 0;
const denial = (ip = "192.0.2.1", time = AT, name = "ci"): Denial => ({
  principal: {
    ...{ kind: "user", account: "111122223333", arn: `arn:aws:iam::111122223333:user/${name}` },
    ...{ accessKeyId: "AKIAEXAMPLE", uniqueId: "AIDAEXAMPLE", name },
  },
  ...{ action: "ecr:PutImage", resource: "arn:aws:ecr:us-east-1:111122223333:repository/a", reason: "no" },
  context: {
    ...{ sourceIp: ip, secureTransport: true, time, userAgent: "docker".repeat(200) },
    conditions: { "aws:TagKeys": ["a", "b"] },
  },
  requestId: `request-${++requests}`,
});

const fail = {
  onFailure: (): never => {
    throw new Error("unexpected");
  },
};

describe("a denial", () => {
  test("is found by its id with everything that was known, the user agent cut", async () => {
    const recorder = new AuditRecorder(store, clock, fail);
    const id = recordDenial(recorder, denial()) ?? "";
    await recorder.close();
    expect(await store.findDenial(id)).toEqual({
      ...{ id, at: AT, account: "111122223333", principal: "arn:aws:iam::111122223333:user/ci" },
      ...{ accessKeyId: "AKIAEXAMPLE", action: "ecr:PutImage", reason: "no" },
      ...{ resource: "arn:aws:ecr:us-east-1:111122223333:repository/a", sourceIp: "192.0.2.1" },
      ...{ userAgent: "docker".repeat(200).slice(0, 512), secureTransport: true },
      conditions: { "aws:TagKeys": ["a", "b"] },
    } satisfies KeptDenial);
  });

  test("is written by itself in a moment", async () => {
    const recorder = new AuditRecorder(store, clock, fail);
    const id = recordDenial(recorder, denial()) ?? "";
    await expect.poll(() => store.findDenial(id), { timeout: 5_000 }).toBeDefined();
  });

  test("of nobody is not kept", () => {
    const recorder = new AuditRecorder(store, clock, fail);
    expect(recordDenial(recorder, { ...denial(), principal: ANONYMOUS })).toBeUndefined();
    expect(recorder.dropped).toBe(0);
  });

  test("that nobody knows is not found", async () => {
    expect(await store.findDenial("0000000000000000")).toBeUndefined();
  });
});

describe("what a caller chose", () => {
  test("is kept as well as Postgres can, names of condition keys among it", async () => {
    const recorder = new AuditRecorder(store, clock, fail);
    const { context, ...others } = denial();
    const conditions = { "aws:RequestTag/a\0\ud800": ["b\0"] };
    const id = recordDenial(recorder, { ...others, context: { ...context, conditions } }) ?? "";
    await recorder.close();
    expect((await store.findDenial(id))?.conditions).toEqual({ "aws:RequestTag/a\ufffd\ufffd": ["b\ufffd"] });
  });
});

describe("a scanner does not fill the disk", () => {
  const memory = (): { kept: AuditRecord[]; store: AuditWriter } => {
    const kept: AuditRecord[] = [];
    return { kept, store: { append: async (records) => void kept.push(...records) } };
  };

  test("of one principal from one address so many a minute are kept, the others counted", async () => {
    const { kept, store } = memory();
    const recorder = new AuditRecorder(store, clock, fail);
    const ids = Array.from({ length: DENIALS_PER_MINUTE + 20 }, () => recordDenial(recorder, denial()));
    await recorder.close();
    expect(kept).toHaveLength(DENIALS_PER_MINUTE + 1);
    expect(kept.at(-1)?.detail).toMatchObject({ repeated: 20 });
    expect(ids.slice(DENIALS_PER_MINUTE)).toEqual(Array(20).fill(undefined));
    expect(recorder.dropped).toBe(20);
  });

  test("and whoever hides what they look for behind noise is seen: each action on each resource is kept", async () => {
    const { kept, store } = memory();
    const recorder = new AuditRecorder(store, clock, fail);
    const noise = (): string | undefined => recordDenial(recorder, denial());
    for (let at = 0; at < DENIALS_PER_MINUTE; at++) noise();
    const resource = (at: number): string => `arn:aws:ecr:us-east-1:111122223333:repository/${at}`;
    const probes = Array.from({ length: DENIED_PAIRS_MAX + 10 }, (_, at) => {
      noise();
      return recordDenial(recorder, { ...denial(), resource: resource(at) });
    });
    const last = recordDenial(recorder, { ...denial(), action: "ecr:DeleteRepository" });
    await recorder.close();
    const has = (id: string | undefined): boolean => kept.some(({ requestId }) => requestId === id);
    expect(probes.slice(0, DENIED_PAIRS_MAX - 1).every(has)).toBe(true);
    expect(has(last)).toBe(true);
    const counted = kept.reduce((sum, { detail }) => sum + Number(detail["repeated"] ?? 1), 0);
    expect(counted).toBe(DENIALS_PER_MINUTE + 2 * probes.length + 1);
  });

  test("another address, another principal and the next minute count for themselves", () => {
    const recorder = new AuditRecorder(memory().store, clock, fail);
    for (let at = 0; at < DENIALS_PER_MINUTE; at++) recordDenial(recorder, denial());
    expect(recordDenial(recorder, denial())).toBeUndefined();
    expect(recordDenial(recorder, denial("192.0.2.2"))).toBeDefined();
    expect(recordDenial(recorder, denial("192.0.2.1", AT, "other"))).toBeDefined();
    expect(recordDenial(recorder, denial("192.0.2.1", new Date(AT.getTime() + 60_000)))).toBeDefined();
  });

  test("sessions of one role count as one, whatever they are called", () => {
    const recorder = new AuditRecorder(memory().store, clock, fail);
    const bySession = (at: number): Denial => ({
      ...denial(),
      principal: {
        ...{ kind: "session", account: "111122223333", role: "arn:aws:iam::111122223333:role/r" },
        arn: `arn:aws:sts::111122223333:assumed-role/r/${at}`,
        ...{ accessKeyId: "ASIAEXAMPLE", uniqueId: "AROAEXAMPLE", roleName: "r", sessionName: `${at}` },
      },
    });
    for (let at = 0; at < DENIALS_PER_MINUTE; at++) recordDenial(recorder, bySession(at));
    expect(recordDenial(recorder, bySession(DENIALS_PER_MINUTE))).toBeUndefined();
  });
});

describe("while the database does not answer", () => {
  test("denials wait, and are written with the next ones", async () => {
    const kept: string[] = [];
    const errors: string[] = [];
    let broken = true;
    const recorder = new AuditRecorder(
      {
        async append(records) {
          if (broken) throw new Error("down");
          kept.push(...records.map(({ requestId }) => requestId));
        },
      },
      state.clock,
      { onFailure: (error) => errors.push(error.message) },
    );
    const first = recordDenial(recorder, denial());
    await recorder.writer.flush();
    expect(errors).toEqual(["down"]);
    broken = false;
    const second = recordDenial(recorder, denial());
    await recorder.close();
    expect(kept).toEqual([first, second]);
  });

  test("or the table is locked, they wait, whoever else asks for them to be written, until it is free", async () => {
    const impatient = { statement: 300, connect: 5_000, read: 5_000 };
    const database = openDatabase({ ...home.connection, poolSize: 2, timeouts: impatient }, () => undefined);
    const locker = new pg.Client(home.connection.direct);
    await locker.connect();
    await locker.query("BEGIN; LOCK TABLE audit_log IN ACCESS EXCLUSIVE MODE");
    const errors: Error[] = [];
    const recorder = new AuditRecorder(postgresAuditLog(database), state.clock, {
      onFailure: (error) => errors.push(error),
    });
    const id = recordDenial(recorder, denial("192.0.2.9")) ?? "";
    await Promise.all([recorder.writer.flush(), recorder.writer.flush()]);
    expect([errors.length, recorder.writer.waiting]).toEqual([1, 1]);
    await locker.query("ROLLBACK");
    await locker.end();
    await recorder.close();
    expect(await store.findDenial(id)).toMatchObject({ id, sourceIp: "192.0.2.9" });
    await database.close();
  });

  test("no more than a bound wait; the others are counted", () => {
    const recorder = new AuditRecorder({ append: () => new Promise(() => undefined) }, clock, fail);
    for (let at = 0; at < 10_100; at++) recordDenial(recorder, denial(`10.0.${at >> 8}.${at & 255}`));
    expect(recorder.dropped).toBe(100);
  });
});
