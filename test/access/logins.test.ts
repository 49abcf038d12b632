import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { postgresAuditLog } from "../../src/adapters/postgres/audit/log.ts";
import type { AuditFilter, KeptRecord } from "../../src/audit/audit-log.ts";
import { LOGIN_ACTION } from "../../src/iam/logins/login-record.ts";
import { ADMINISTRATOR, basic, makeTestHome, startTestBerth } from "../support/berth.ts";
import { ManualClock, MINUTE } from "../support/clock.ts";
import { type Answer, exchange } from "../support/exchange.ts";
import { callQuery } from "./aws-client.ts";
import { ACCOUNT, allow, openScene } from "./scene.ts";

const clock = new ManualClock(new Date().toISOString());
const home = await makeTestHome({
  ...{ BERTH_TRUSTED_PROXIES: "127.0.0.1", BERTH_BEARER_HOSTS: "bearer.example.com" },
});
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
const scene = openScene(berth, home, clock);
const log = postgresAuditLog(berth.database);
const { accessKeyId, secretAccessKey } = ADMINISTRATOR;
const EVERYTHING: AuditFilter = {
  ...{ since: undefined, until: undefined, account: undefined, principal: undefined, action: undefined },
  ...{ resource: undefined, sourceIp: undefined, requestId: undefined, decision: undefined },
};

/** A permission that is beside the point. */
const NOTHING = [allow(["ecr:DescribeImages"])];

/** Each test has an address of its own. */
let tests = 0;
let address = "";
beforeEach(() => {
  address = `198.51.100.${++tests}`;
});

function knock(
  authorization: string,
  path = "/v2/",
  more: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const headers = { authorization, "x-forwarded-for": address, "user-agent": "docker/28", ...more };
  return exchange(berth, { path, headers });
}

const wrong = (at: number | string, id = accessKeyId): string => basic(id, `wrong-password-${at}`);
const token = (authorization: string): Promise<Answer> =>
  knock(authorization, "/token?service=berth", { host: "bearer.example.com" });
const explain = (authorization: string): Promise<Answer> => knock(authorization, "/v1/access/explain?id=a");

/** Statuses of many tries, one after the other. */
async function many(times: number, send: (at: number) => Promise<{ readonly status: number }>) {
  const counts: Record<number, number> = {};
  for (let at = 0; at < times; at++) {
    const { status } = await send(at);
    counts[status] = (counts[status] ?? 0) + 1;
  }
  return counts;
}

async function loginsOf(ip = address): Promise<readonly KeptRecord[]> {
  return log.latest({ ...EVERYTHING, action: LOGIN_ACTION, sourceIp: ip }, 1_000);
}

describe("wrong passwords of one key", () => {
  test.each([
    ["the registry", (at: number) => knock(wrong(at))],
    ["the token service", (at: number) => token(wrong(at))],
    ["the API of access", (at: number) => explain(wrong(at))],
  ])("are slowed down at %s: 429 with the time to wait, and no query", async (_, send) => {
    expect(await many(60, send)).toEqual({ 401: 20, 429: 40 });
    queries = 0;
    const answer = await send(1_000);
    expect(answer.headers["retry-after"]).toBe("1");
    expect(JSON.parse(answer.body.toString()).errors).toEqual([
      {
        code: "TOOMANYREQUESTS",
        message: "too many failed logins from this address; try again in 1 s",
      },
    ]);
    expect(queries).toBe(0);
    clock.advance(1_000);
    expect((await send(1_001)).status).toBe(401);
  });

  test("do not shut out its owner, from elsewhere or from where it was proven", async () => {
    const attacked = address;
    expect((await knock(basic(accessKeyId, secretAccessKey))).status).toBe(200);
    await many(300, (at) => knock(wrong(at)));
    expect((await knock(basic(accessKeyId, secretAccessKey))).status).toBe(200);
    address = `${attacked}1`.replace(/.*\./, "203.0.113.");
    expect((await knock(basic(accessKeyId, secretAccessKey))).status).toBe(200);
  });

  test("from one machine leave the others of its address alone, whoever comes first", async () => {
    expect(await many(100, () => knock(wrong("old")))).toEqual({ 401: 30, 429: 70 });
    expect(await many(200, () => knock(basic(accessKeyId, secretAccessKey)))).toEqual({ 200: 200 });
    expect((await knock(wrong("old"))).status).toBe(429);
  });

  test("are asked of the database once each", async () => {
    queries = 0;
    await many(10, () => knock(wrong("again")));
    expect(queries).toBe(1);
  });

  test("from the addresses of one IPv6 network count as from one", async () => {
    const counts = await many(60, (at) => {
      address = `2001:db8:0:7:${at.toString(16)}::1`;
      return knock(wrong(`v6 ${at}`));
    });
    expect(counts).toEqual({ 401: 20, 429: 40 });
  });
});

describe("other things that are wrong", () => {
  test("tokens that nobody signed are slowed down", async () => {
    const counts = await many(450, (at) => knock(`Bearer header.${at}.signature`));
    expect(counts).toEqual({ 401: 400, 429: 50 });
  });

  test("refresh tokens that nobody signed are slowed down", async () => {
    const headers = {
      ...{ authorization: "", "x-forwarded-for": address, host: "bearer.example.com" },
      "content-type": "application/x-www-form-urlencoded",
    };
    const send = (): Promise<Answer> =>
      exchange(berth, {
        ...{ method: "POST", path: "/token", headers },
        body: "grant_type=refresh_token&refresh_token=a.b.c&service=berth",
      });
    expect(await many(40, send)).toEqual({ 401: 30, 429: 10 });
  });

  test("unknown keys are slowed down, and who is known goes on", async () => {
    await knock(basic(accessKeyId, secretAccessKey));
    const counts = await many(450, (at) => knock(wrong(at, `AKIAUNKNOWN${1_000_000 + at}`)));
    expect(counts).toEqual({ 401: 400, 429: 50 });
    expect((await knock(basic(accessKeyId, secretAccessKey))).status).toBe(200);
  });

  test("no credentials at all are asked for as ever", async () => {
    expect(await many(500, () => knock(""))).toEqual({ 401: 500 });
  });
});

describe("signatures", () => {
  const call = (secret: string, id = accessKeyId) =>
    callQuery(berth.url, "sts", "GetCallerIdentity", {}, { accessKeyId: id, secretAccessKey: secret });

  test("that are wrong are slowed down in AWS's words, and the right ones of others are not", async () => {
    const { accessKeyId: id, secretAccessKey: secret } = await scene.makeUser("signs", NOTHING);
    expect(await many(60, () => call("wrong", id))).toEqual({ 403: 20, 400: 40 });
    const throttled = await call("wrong", id);
    expect(throttled.text).toContain("<Code>Throttling</Code>");
    expect(throttled.text).toContain("<Message>Rate exceeded</Message>");
    expect((await call(secretAccessKey)).status).toBe(200);
    clock.advance(1_000);
    expect((await call(secret, id)).status).toBe(200);
    expect(await many(60, () => call("wrong", id))).toEqual({ 403: 60 });
    expect((await call(secret, id)).status).toBe(200);
  });

  test("of unknown keys are slowed down as well", async () => {
    clock.advance(MINUTE);
    expect(await many(60, () => call("wrong", "AKIAUNKNOWNSIGNS0000"))).toEqual({ 403: 20, 400: 40 });
  });
});

describe("tokens of an issuer", () => {
  test("that prove nothing are slowed down", async () => {
    clock.advance(10 * MINUTE);
    const parameters = {
      ...{ RoleArn: `arn:aws:iam::${ACCOUNT}:role/ci`, RoleSessionName: "job", WebIdentityToken: "a.b.c" },
    };
    const counts = await many(60, () =>
      callQuery(berth.url, "sts", "AssumeRoleWithWebIdentity", parameters, undefined),
    );
    expect(counts).toEqual({ 400: 60 });
    const last = await callQuery(berth.url, "sts", "AssumeRoleWithWebIdentity", parameters, undefined);
    expect(last.text).toContain("<Code>Throttling</Code>");
  });
});

describe("the audit log", () => {
  test("has a failed login with key, address, program, door and reason, and never the secret", async () => {
    const answer = await knock(wrong("audited"));
    await expect.poll(() => loginsOf()).toHaveLength(1);
    const [{ id: _, ...record } = {} as KeptRecord] = await loginsOf();
    expect(record).toEqual({
      ...{ at: clock.now(), requestId: answer.headers["x-request-id"], account: ACCOUNT },
      ...{ principal: "anonymous", accessKeyId, action: LOGIN_ACTION, resource: "*", sourceIp: address },
      ...{ userAgent: "docker/28", decision: "denied", reason: "the credentials are not valid" },
      detail: {
        ...{ door: "registry", outcome: "wrong", context: { secureTransport: false, conditions: {} } },
      },
    });
    expect(JSON.stringify(record)).not.toContain("wrong-password");
  });

  test("has failures of one key and address once a minute, with their number, and what was slowed down", async () => {
    await many(60, (at) => knock(wrong(at)));
    clock.advance(MINUTE);
    await knock(wrong("one more"));
    await expect.poll(() => loginsOf()).toHaveLength(4);
    const shown = (await loginsOf()).map(({ detail }) => [detail["outcome"], detail["repeated"]]);
    expect(shown).toContainEqual(["wrong", 19]);
    expect(shown.filter(([outcome]) => outcome === "throttled")).toHaveLength(1);
  });

  test("names the account of a key that is known, and no user that is no key", async () => {
    const other = "111122223333";
    await scene.makeAccount(other);
    const { accessKeyId: id } = await scene.makeUser("theirs", NOTHING, other);
    await knock(wrong("theirs", id));
    await knock(basic("a-secret-in-the-wrong-place", "x"));
    await expect.poll(() => loginsOf()).toHaveLength(2);
    const shown = (await loginsOf()).map((record) => [record.account, record.accessKeyId]);
    expect(shown).toEqual([
      [other, id],
      [ACCOUNT, undefined],
    ]);
  });

  test("has what was proven once an hour for a key, an address and a door", async () => {
    await many(50, () => knock(basic(accessKeyId, secretAccessKey)));
    await many(3, () => token(basic(accessKeyId, secretAccessKey)));
    await expect.poll(() => loginsOf()).toHaveLength(2);
    const shown = (await loginsOf()).map((record) => [record.decision, record.principal, record.detail]);
    const principal = `arn:aws:iam::${ACCOUNT}:user/administrator`;
    expect(shown).toEqual([
      ["allowed", principal, { door: "registry" }],
      ["allowed", principal, { door: "token" }],
    ]);
  });

  test("tells an expired login apart", async () => {
    const { accessKeyId: id, secretAccessKey: secret } = await scene.makeUser("expires", [allow(["ecr:*"])]);
    const answer = await callQuery(
      ...([berth.url, "sts", "GetSessionToken", { DurationSeconds: "900" }] as const),
      { accessKeyId: id, secretAccessKey: secret },
    );
    const value = (name: string): string => new RegExp(`<${name}>([^<]*)<`).exec(answer.text)?.[1] ?? "";
    clock.advance(20 * MINUTE);
    const password = `${value("SecretAccessKey")}.${value("SessionToken")}`;
    expect((await knock(basic(value("AccessKeyId"), password))).status).toBe(401);
    await expect.poll(() => loginsOf()).toHaveLength(1);
    expect((await loginsOf())[0]).toMatchObject({ reason: "the credentials have expired" });
  });
});

describe("an operator", () => {
  test("sees logins by door and outcome in the metrics", async () => {
    const figures = async (): Promise<string> =>
      (await exchange(berth, { path: "/metrics" })).body.toString();
    const count = async (outcome: string): Promise<number> =>
      Number(
        new RegExp(`^berth_logins_total\\{door="registry",outcome="${outcome}"\\} (\\d+)$`, "m").exec(
          await figures(),
        )?.[1] ?? 0,
      );
    const outcomes = ["proven", "wrong", "unknown", "throttled"];
    const before = await Promise.all(outcomes.map(count));
    await knock(basic(accessKeyId, secretAccessKey));
    await knock(wrong("m", "AKIAUNKNOWNMETRICS00"));
    await many(31, () => knock(wrong("metrics")));
    const after = await Promise.all(outcomes.map(count));
    expect(after.map((value, at) => value - (before[at] ?? 0))).toEqual([1, 30, 1, 1]);
  });

  test("sees the key that was tried in the log", async () => {
    await knock(wrong("logged"));
    const line = berth.log.findLast(({ fields }) => fields["ip"] === address);
    expect(line?.fields).toMatchObject({ status: 401, key: accessKeyId });
  });
});
