import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { postgresAuditLog } from "../../../../src/adapters/postgres/audit/log.ts";
import type { AuditFilter, AuditRecord } from "../../../../src/audit/audit-log.ts";
import { makeTestHome, openTestState } from "../../../support/berth.ts";
import { rowsOf } from "../../../support/rows.ts";

const home = await makeTestHome();
const state = await openTestState(home);
afterAll(async () => {
  await state.close();
  await home.remove();
});
const log = postgresAuditLog(state.database);
const DAY = 86_400_000;

const EVERYTHING: AuditFilter = {
  ...{ since: undefined, until: undefined, account: undefined, principal: undefined, action: undefined },
  ...{ resource: undefined, sourceIp: undefined, requestId: undefined, decision: undefined },
};

const record = (requestId: string, at: string, more: Partial<AuditRecord> = {}): AuditRecord => ({
  ...{ at: new Date(at), requestId, account: "111122223333", principal: "arn:aws:iam::111122223333:user/ci" },
  ...{ accessKeyId: "AKIAEXAMPLE", action: "ecr:PutImage", sourceIp: "192.0.2.1", userAgent: "docker" },
  ...{ resource: "arn:aws:ecr:us-east-1:111122223333:repository/team/app", decision: "allowed" },
  ...{ reason: undefined, detail: { tags: ["v1"] } },
  ...more,
});

const ids = async (filter: Partial<AuditFilter> = {}, limit = 100): Promise<readonly string[]> =>
  (await log.latest({ ...EVERYTHING, ...filter }, limit)).map(({ requestId }) => requestId);

async function partitionOf(requestId: string): Promise<string | undefined> {
  const rows = await rowsOf<{ name: string }>(
    state,
    `SELECT tableoid::regclass::text AS name FROM audit_log WHERE request_id = '${requestId}'`,
  );
  return rows[0]?.name;
}

/** How many wait for the records of no day. */
async function waitingForRest(): Promise<number> {
  const rows = await rowsOf(
    state,
    "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'audit_log_rest'::regclass",
  );
  return rows.length;
}

describe("a day", () => {
  test("that nobody opened takes records all the same, and has them when it is opened", async () => {
    await log.append([record("early", "2026-03-01T00:00:00Z"), record("late", "2026-03-01T23:59:59.999Z")]);
    await log.append([record("next", "2026-03-02T00:00:00Z")]);
    expect(await partitionOf("early")).toBe("audit_log_rest");
    await log.open(new Date("2026-03-01T12:00:00Z"));
    expect(await partitionOf("early")).toBe("audit_log_20260301");
    expect(await partitionOf("late")).toBe("audit_log_20260301");
    expect(await partitionOf("next")).toBe("audit_log_rest");
    await log.append([record("after", "2026-03-01T10:00:00Z")]);
    expect(await partitionOf("after")).toBe("audit_log_20260301");
  });

  test("is opened once by nodes that meet, while others write, of whom none is refused", async () => {
    for (let day = 1; day <= 20; day++) {
      const at = `2026-04-${String(day).padStart(2, "0")}T12:00:00Z`;
      const write = (n: number): Promise<void> => log.append([record(`meet-${day}-${n}`, at)]);
      const open = (): Promise<void> => log.open(new Date(at));
      await Promise.all([write(0), write(1), open(), write(2), open(), write(3), write(4)]);
    }
    expect(await ids({ since: new Date("2026-04-01"), until: new Date("2026-05-01") })).toHaveLength(100);
    expect(await partitionOf("meet-1-0")).toBe("audit_log_20260401");
  });

  test("tells who has opened it, where two wait for the same", async () => {
    const open = async (): Promise<boolean | undefined> => {
      const text = "SELECT open_audit_day('2026-05-01') AS opened";
      return (await rowsOf<{ opened: boolean }>(state, text))[0]?.opened;
    };
    const both = await state.database.transaction(async (tx) => {
      await tx.query({ name: "hold", text: "LOCK TABLE audit_log_rest IN ROW EXCLUSIVE MODE" }, []);
      const opening = [open(), open()];
      await vi.waitFor(async () => expect(await waitingForRest()).toBe(2), { interval: 5 });
      return opening;
    });
    expect((await Promise.all(both)).toSorted()).toEqual([false, true]);
    expect(await open()).toBe(false);
  });

  test("goes as a whole when it is past its retention, with what was in no day of its own", async () => {
    await log.append([record("old", "2020-01-01T12:00:00Z"), record("stray", "2020-01-02T12:00:00Z")]);
    for (const day of ["2020-01-01", "2020-01-03"]) await log.open(new Date(`${day}T12:00:00Z`));
    await log.append([record("kept", "2020-01-03T00:00:00Z")]);
    expect(await log.drop(new Date("2020-01-03T15:00:00Z"))).toBe(1);
    expect(await ids({ until: new Date("2020-02-01") })).toEqual(["kept"]);
    expect(await log.drop(new Date("2020-01-03T15:00:00Z"))).toBe(0);
  });
});

/** A lock that could not be had in time. */
const LOCKED = { reason: "UNAVAILABLE" };

describe("while somebody copies the table", () => {
  /** What a dump of the database holds. */
  const copying = (work: () => Promise<void>): Promise<void> =>
    state.database.transaction(async (tx) => {
      await tx.query({ name: "copy", text: "LOCK TABLE audit_log IN ACCESS SHARE MODE" }, []);
      await work();
    });

  test("nothing is dropped, nobody waits, and a later round does it", async () => {
    await log.open(new Date("2019-01-01T12:00:00Z"));
    await copying(async () => {
      const dropping = expect(log.drop(new Date("2019-02-01"))).rejects.toMatchObject(LOCKED);
      await log.append([record("meanwhile", "2030-05-05T00:00:00Z")]);
      await dropping;
    });
    expect(await log.drop(new Date("2019-02-01"))).toBe(1);
  });

  test("no day is opened, and records are taken", async () => {
    await copying(async () => {
      await expect(log.open(new Date("2031-01-01T12:00:00Z"))).rejects.toMatchObject(LOCKED);
      await log.append([record("unopened", "2031-01-01T12:00:00Z")]);
    });
    await log.open(new Date("2031-01-01T12:00:00Z"));
    expect(await partitionOf("unopened")).toBe("audit_log_20310101");
  });
});

describe("a look", () => {
  const AT = Date.parse("2027-06-01T00:00:00Z");
  const during = { since: new Date(AT), until: new Date(AT + DAY) };
  const hour = (hours: number): string => new Date(AT + hours * 3_600_000).toISOString();

  beforeAll(() =>
    log.append([
      record("a", hour(1)),
      record("b", hour(2), { action: "iam:CreateUser", resource: "arn:aws:iam::111122223333:user/new_1" }),
      record("c", hour(3), { decision: "denied", reason: "no", sourceIp: "192.0.2.9" }),
      record("d", hour(3), { account: "444455556666", principal: "arn:aws:iam::444455556666:root" }),
    ]),
  );

  test("gives the newest, the oldest of them first, and those of one time in the order of their ids", async () => {
    expect(await ids(during)).toEqual(["a", "b", "c", "d"]);
    expect(await ids(during, 2)).toEqual(["c", "d"]);
  });

  test.each<[string, Partial<AuditFilter>, readonly string[]]>([
    ["since a time, itself included", { since: new Date(hour(2)) }, ["b", "c", "d"]],
    ["until a time, itself not", { until: new Date(hour(2)) }, ["a"]],
    ["by account", { account: "444455556666" }, ["d"]],
    ["by principal", { principal: "arn:aws:iam::*:user/ci" }, ["a", "b", "c"]],
    ["by action", { action: "ecr:*" }, ["a", "c", "d"]],
    ["by resource", { resource: "*:repository/team/app" }, ["a", "c", "d"]],
    ["by resource, in which nothing but * is special", { resource: "*user/new%1" }, []],
    ["by resource, _ being itself", { resource: "*user/new_1" }, ["b"]],
    ["by address", { sourceIp: "192.0.2.9" }, ["c"]],
    ["by request", { requestId: "b" }, ["b"]],
    ["by decision", { decision: "denied" }, ["c"]],
    ["by all of them", { decision: "allowed", action: "ecr:*", account: "111122223333" }, ["a"]],
  ])("%s", async (_, filter, wanted) => {
    expect(await ids({ ...during, ...filter })).toEqual(wanted);
  });

  test("gives a record as it was written", async () => {
    const [found] = await log.latest({ ...EVERYTHING, ...during, requestId: "c" }, 1);
    const { id, ...facts } = found ?? { id: 0 };
    expect(facts).toEqual(record("c", hour(3), { decision: "denied", reason: "no", sourceIp: "192.0.2.9" }));
    expect(id).toBeGreaterThan(0);
  });

  test("gives text that Postgres cannot hold with the rest of it intact", async () => {
    const odd = record("odd", "2028-01-01T00:00:00Z", { userAgent: "a\0b", detail: { name: "c\ud800d" } });
    await log.append([odd]);
    expect(await log.latest({ ...EVERYTHING, requestId: "odd" }, 1)).toMatchObject([
      { userAgent: "a\ufffdb", detail: { name: "c\ufffdd" } },
    ]);
  });
});
