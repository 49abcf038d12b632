import { afterAll, describe, expect, test } from "vitest";
import { postgresAuditLog } from "../../src/adapters/postgres/audit/log.ts";
import { LOGIN_ACTION } from "../../src/iam/logins/login-record.ts";
import { ADMINISTRATOR, basic, makeTestHome, startTestBerth } from "../support/berth.ts";
import { ManualClock } from "../support/clock.ts";
import { type Answer, exchange } from "../support/exchange.ts";
import { expectHealthy } from "./health.ts";

/** Time stands still: what is let through is the burst alone, and what was under way with it. */
const clock = new ManualClock(new Date().toISOString());
const home = await makeTestHome({ BERTH_TRUSTED_PROXIES: "127.0.0.1" });
let queries = 0;
const berth = await startTestBerth({
  ...{ home, clock },
  wrapDatabase: (database) => ({
    ...database,
    read: (statement, values) => {
      if (statement.name.startsWith("iam_credential")) queries++;
      return database.read(statement, values);
    },
  }),
});
afterAll(async () => {
  await berth.stop();
  await home.remove();
});
const log = postgresAuditLog(berth.database);
const { accessKeyId, secretAccessKey } = ADMINISTRATOR;
const AT_ONCE = 20;

const knock = (from: string, user: string, password: string): Promise<Answer> =>
  exchange(berth, {
    path: "/v2/",
    headers: { authorization: basic(user, password), "x-forwarded-for": from },
  });

/** Many tries, some of them at once; how many had which status. */
async function flood(tries: number, send: (at: number) => Promise<Answer>): Promise<Record<number, number>> {
  const counts: Record<number, number> = {};
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let at = next++; at < tries; at = next++) {
      const { status } = await send(at);
      counts[status] = (counts[status] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return counts;
}

async function loginRecords(): Promise<number> {
  const nothing = { since: undefined, until: undefined, account: undefined, principal: undefined };
  const filter = { ...nothing, resource: undefined, sourceIp: undefined, requestId: undefined };
  return (await log.latest({ ...filter, action: LOGIN_ACTION, decision: "denied" }, 100_000)).length;
}

describe("a flood of wrong passwords", () => {
  test("for one key from one address costs a few queries and records, and its owner gets in from elsewhere", async () => {
    const before = await loginRecords();
    queries = 0;
    const { 401: heard = 0, ...others } = await flood(3_000, (at) =>
      knock("198.51.100.1", accessKeyId, `wrong-password-${at}`),
    );
    expect(heard).toBeLessThanOrEqual(20 + AT_ONCE);
    expect(others).toEqual({ 429: 3_000 - heard });
    expect(queries).toBeLessThanOrEqual(heard);
    expect((await knock("198.51.100.2", accessKeyId, secretAccessKey)).status).toBe(200);
    expect((await loginRecords()) - before).toBeLessThanOrEqual(2);
    await expectHealthy(berth);
  });

  test("for one key from many addresses does not shut out its owner either", async () => {
    const { 401: heard = 0, ...others } = await flood(3_000, (at) =>
      knock(`10.1.${at % 100}.1`, accessKeyId, `other-password-${at}`),
    );
    expect(heard).toBeLessThanOrEqual(100 + 100 * (3 + AT_ONCE));
    expect(others).toEqual({ 429: 3_000 - heard });
    expect((await knock("198.51.100.3", accessKeyId, secretAccessKey)).status).toBe(200);
  });

  test("for keys that nobody has costs as many queries as the address may be wrong", async () => {
    queries = 0;
    const { 401: heard = 0, ...others } = await flood(3_000, (at) =>
      knock("198.51.100.4", `AKIANOBODY${1_000_000 + at}`, "password-of-nobody"),
    );
    expect(heard).toBeLessThanOrEqual(400 + AT_ONCE);
    expect(others).toEqual({ 429: 3_000 - heard });
    expect(queries).toBeLessThanOrEqual(heard);
    await expectHealthy(berth);
  });

  test("leaves records whose number is bounded, whoever sends it", async () => {
    const before = await loginRecords();
    await flood(4_000, (at) => knock(`10.2.${at >> 8}.${at & 255}`, `AKIAMANYKEYS${1_000_000 + at}`, "x"));
    await expect.poll(loginCounted).toBe(true);
    expect((await loginRecords()) - before).toBeLessThanOrEqual(1_001);
  });
});

/** Whether everything that waits for the audit log is written. */
async function loginCounted(): Promise<boolean> {
  const figures = (await exchange(berth, { path: "/metrics" })).body.toString();
  return figures.includes('berth_batch_waiting{batch="audit"} 0\n');
}

describe("a farm of 200 machines behind one address", () => {
  test("logs in and goes on, beside one machine with an old password", async () => {
    const from = "198.51.100.9";
    const old = flood(500, () => knock(from, accessKeyId, "the-password-of-last-year"));
    const right = flood(2_000, () => knock(from, accessKeyId, secretAccessKey));
    expect(await right).toEqual({ 200: 2_000 });
    expect(Object.keys(await old).sort()).toEqual(["401", "429"]);
  });
});
