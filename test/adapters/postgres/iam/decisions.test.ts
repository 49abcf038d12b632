import { afterAll, describe, expect, test } from "vitest";
import { postgresDecisions } from "../../../../src/adapters/postgres/iam/decisions.ts";
import type { Denial } from "../../../../src/iam/authorizer.ts";
import {
  DenialRecorder,
  type DenialStore,
  KEPT_PER_MINUTE,
  type KeptDenial,
} from "../../../../src/iam/explain/denials.ts";
import { ANONYMOUS } from "../../../../src/iam/principal.ts";
import { makeTestHome, openTestState } from "../../../support/berth.ts";
import { rowsOf } from "../../../support/rows.ts";

const home = await makeTestHome();
const state = await openTestState(home);
afterAll(async () => {
  await state.close();
  await home.remove();
});
const store = postgresDecisions(state.database);
const AT = new Date("2026-03-01T12:00:00Z");
const DAY = 86_400_000;

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
});

const fail = (): never => {
  throw new Error("unexpected");
};

describe("a denial", () => {
  test("is found by its id with everything that was known, the user agent cut", async () => {
    const recorder = new DenialRecorder(store, fail);
    const id = recorder.note(denial()) ?? "";
    await recorder.close();
    expect(await store.find(id)).toEqual({
      ...{ id, at: AT, account: "111122223333", principal: "arn:aws:iam::111122223333:user/ci" },
      ...{ accessKeyId: "AKIAEXAMPLE", action: "ecr:PutImage", reason: "no" },
      ...{ resource: "arn:aws:ecr:us-east-1:111122223333:repository/a", sourceIp: "192.0.2.1" },
      ...{ userAgent: "docker".repeat(200).slice(0, 512), secureTransport: true },
      conditions: { "aws:TagKeys": ["a", "b"] },
    } satisfies KeptDenial);
  });

  test("is written by itself in a moment", async () => {
    const recorder = new DenialRecorder(store, fail);
    const id = recorder.note(denial()) ?? "";
    await expect.poll(() => store.find(id), { timeout: 5_000 }).toBeDefined();
  });

  test("of nobody is not kept", () => {
    const recorder = new DenialRecorder(store, fail);
    expect(recorder.note({ ...denial(), principal: ANONYMOUS })).toBeUndefined();
    expect(recorder.dropped).toBe(0);
  });

  test("that nobody knows is not found", async () => {
    expect(await store.find("0000000000000000")).toBeUndefined();
  });
});

describe("a scanner does not fill the disk", () => {
  const memory = (): { kept: KeptDenial[]; store: Pick<DenialStore, "keep"> } => {
    const kept: KeptDenial[] = [];
    return { kept, store: { keep: async (denials) => void kept.push(...denials) } };
  };

  test("of one principal from one address so many a minute are kept, the others counted", async () => {
    const { kept, store } = memory();
    const recorder = new DenialRecorder(store, fail);
    const ids = Array.from({ length: KEPT_PER_MINUTE + 20 }, () => recorder.note(denial()));
    await recorder.close();
    expect(kept).toHaveLength(KEPT_PER_MINUTE);
    expect(ids.slice(KEPT_PER_MINUTE)).toEqual(Array(20).fill(undefined));
    expect(recorder.dropped).toBe(20);
  });

  test("another address, another principal and the next minute count for themselves", () => {
    const recorder = new DenialRecorder(memory().store, fail);
    for (let at = 0; at < KEPT_PER_MINUTE; at++) recorder.note(denial());
    expect(recorder.note(denial())).toBeUndefined();
    expect(recorder.note(denial("192.0.2.2"))).toBeDefined();
    expect(recorder.note(denial("192.0.2.1", AT, "other"))).toBeDefined();
    expect(recorder.note(denial("192.0.2.1", new Date(AT.getTime() + 60_000)))).toBeDefined();
  });

  test("sessions of one role count as one, whatever they are called", () => {
    const recorder = new DenialRecorder(memory().store, fail);
    const bySession = (at: number): Denial => ({
      ...denial(),
      principal: {
        ...{ kind: "session", account: "111122223333", role: "arn:aws:iam::111122223333:role/r" },
        arn: `arn:aws:sts::111122223333:assumed-role/r/${at}`,
        ...{ accessKeyId: "ASIAEXAMPLE", uniqueId: "AROAEXAMPLE", roleName: "r", sessionName: `${at}` },
      },
    });
    for (let at = 0; at < KEPT_PER_MINUTE; at++) recorder.note(bySession(at));
    expect(recorder.note(bySession(KEPT_PER_MINUTE))).toBeUndefined();
  });

  test("rows older than a week go with the next batch, newer ones stay", async () => {
    const write = async (time: Date): Promise<string> => {
      const recorder = new DenialRecorder(store, fail);
      const id = recorder.note(denial("192.0.2.9", time)) ?? "";
      await recorder.close();
      return id;
    };
    const old = await write(new Date(AT.getTime() + 10 * DAY));
    const recent = await write(new Date(AT.getTime() + 12 * DAY));
    await write(new Date(AT.getTime() + 17.5 * DAY));
    const rows = await rowsOf<{ id: string }>(state, "SELECT id FROM decisions");
    const ids = rows.map(({ id }) => id);
    expect(ids).toContain(recent);
    expect(ids).not.toContain(old);
  });
});

describe("while the database does not answer", () => {
  test("denials wait, and are written with the next ones", async () => {
    const kept: string[] = [];
    const errors: string[] = [];
    let broken = true;
    const recorder = new DenialRecorder(
      {
        async keep(denials) {
          if (broken) throw new Error("down");
          kept.push(...denials.map(({ id }) => id));
        },
      },
      (error) => errors.push(error.message),
    );
    const first = recorder.note(denial());
    await recorder.flush();
    expect(errors).toEqual(["down"]);
    broken = false;
    const second = recorder.note(denial());
    await recorder.close();
    expect(kept).toEqual([first, second]);
  });

  test("no more than a bound wait; the others are counted", () => {
    const recorder = new DenialRecorder({ keep: () => new Promise(() => undefined) }, fail);
    for (let at = 0; at < 10_100; at++) recorder.note(denial(`10.0.${at >> 8}.${at & 255}`));
    expect(recorder.dropped).toBe(100);
  });
});
