import { describe, expect, test } from "vitest";
import type { AuditRecord } from "../../src/audit/audit-log.ts";
import { type Alike, RepeatedRecords } from "../../src/audit/repeated-records.ts";
import { ManualClock, MINUTE } from "../support/clock.ts";

const ALIKE: Alike = {
  ...{ kind: "login", group: "", key: "k", groupMax: 3, period: MINUTE, isCounted: true },
};

function openRecords() {
  const kept: AuditRecord[] = [];
  const timers: (() => void)[] = [];
  const clock = new ManualClock();
  const records = new RepeatedRecords(
    (record) => kept.push(record) > 0,
    clock,
    (_, work) => {
      timers.push(work);
      return () => void timers.splice(timers.indexOf(work), 1);
    },
  );
  const record = (requestId: string, action = "berth:Login"): AuditRecord => ({
    ...{ at: clock.now(), requestId, account: "1", principal: "anonymous", accessKeyId: undefined, action },
    ...{
      resource: "*",
      sourceIp: "192.0.2.1",
      userAgent: "",
      decision: "denied",
      reason: "no",
      detail: { a: 1 },
    },
  });
  return {
    ...{ kept, clock, records, timers },
    note: (requestId: string, alike: Partial<Alike> = {}, action?: string) =>
      records.note(record(requestId, action), { ...ALIKE, ...alike }),
    look: () => timers.shift()?.(),
  };
}

const shown = (kept: readonly AuditRecord[]): unknown =>
  kept.map(({ requestId, detail }) => [requestId, detail["repeated"] ?? 0]);

describe("records that are alike", () => {
  test("are kept as the first, and as the last with their number once their time is over", () => {
    const { kept, clock, note, look } = openRecords();
    expect(["1", "2", "3"].map((id) => note(id))).toEqual([true, false, false]);
    look();
    expect(shown(kept)).toEqual([["1", 0]]);
    clock.advance(MINUTE);
    look();
    expect(shown(kept)).toEqual([
      ["1", 0],
      ["3", 2],
    ]);
    expect(kept[1]?.detail).toEqual({ a: 1, repeated: 2, since: "2030-01-01T00:00:00.000Z" });
  });

  test("begin anew with what comes after their time", () => {
    const { kept, clock, note } = openRecords();
    note("1");
    note("2");
    clock.advance(MINUTE);
    note("3");
    expect(shown(kept)).toEqual([
      ["1", 0],
      ["2", 1],
      ["3", 0],
    ]);
  });

  test("of which there was one, or that are not counted, have one record", () => {
    const { kept, clock, note, look } = openRecords();
    note("1");
    for (const id of ["2", "3"]) note(id, { key: "other", isCounted: false });
    clock.advance(MINUTE);
    look();
    expect(shown(kept)).toEqual([
      ["1", 0],
      ["2", 0],
    ]);
  });

  test("are told when the process ends, and nothing waits then", () => {
    const { kept, note, records, timers } = openRecords();
    note("1");
    note("2");
    records.finish();
    expect(shown(kept)).toEqual([
      ["1", 0],
      ["2", 1],
    ]);
    expect(timers).toEqual([]);
  });
});

describe("too many different records", () => {
  test("of one group count as one for each action, which is never hidden", () => {
    const { kept, note, records } = openRecords();
    for (let at = 0; at < 10; at++) note(`${at}`, { key: `${at}` });
    expect(note("probe", { key: "p" }, "ecr:Other")).toBe(true);
    records.finish();
    expect(shown(kept)).toEqual([...["0", "1", "2", "3"].map((id) => [id, 0]), ["probe", 0], ["9", 6]]);
    expect(kept.map(({ detail }) => detail["others"] ?? false)).toEqual([
      ...[false, false, false, true, true, true],
    ]);
  });

  test("of one group take nothing from another", () => {
    const { note } = openRecords();
    for (let at = 0; at < 10; at++) note(`${at}`, { key: `${at}` });
    expect(note("mine", { group: "other", key: "p" })).toBe(true);
  });

  test("have their own records again once others are over", () => {
    const { clock, note, look, kept } = openRecords();
    for (let at = 0; at < 10; at++) note(`${at}`, { key: `${at}` });
    clock.advance(MINUTE);
    look();
    note("new", { key: "new" });
    expect(kept.at(-1)?.detail).toEqual({ a: 1 });
  });

  test("are bounded whatever their groups are", () => {
    const { kept, note } = openRecords();
    for (let at = 0; at < 20_100; at++) note(`${at}`, { group: `${at}` });
    expect(kept).toHaveLength(20_001);
  });
});
