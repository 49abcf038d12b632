import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import type { Credentials } from "../../src/iam/access-keys.ts";
import { MasterKey } from "../../src/iam/master-key.ts";
import { basic, makeTestHome, startTestBerth } from "../support/berth.ts";
import { ManualClock } from "../support/clock.ts";
import { exchange } from "../support/exchange.ts";
import { createRepository } from "../support/push.ts";
import { startReceiver } from "../support/receiver.ts";
import { rowsOf } from "../support/rows.ts";
import { allow, openScene } from "./scene.ts";

const OTHER = "111122223333";
const home = await makeTestHome({ BERTH_WEBHOOK_PRIVATE_HOSTS: "127.0.0.1" });
const clock = new ManualClock(new Date().toISOString());
const berth = await startTestBerth({ home, clock });
const scene = openScene(berth, home, clock);
const receiver = await startReceiver();
let other: Credentials;
beforeAll(async () => {
  await scene.makeAccount(OTHER);
  other = await scene.makeUser("other", [allow(["berth:*"])], OTHER);
});
beforeEach(async () => {
  receiver.answer = () => 204;
  receiver.received.length = 0;
  for (const table of ["webhook_queues", "webhook_deliveries", "webhooks"])
    await rowsOf(berth, `DELETE FROM ${table}`);
});
afterAll(async () => {
  await berth.stop();
  await receiver.close();
  await home.remove();
});

const EVENT = {
  ...{ "detail-type": "ECR Image Action", source: "aws.ecr", time: "2026-03-01T12:00:00Z", detail: {} },
};

type Json = Readonly<Record<string, unknown>>;

async function call(
  method: string,
  path: string,
  body?: unknown,
  who?: Credentials,
): Promise<{ readonly status: number; readonly json: Json; readonly said: string }> {
  const headers: Record<string, string> =
    who === undefined ? {} : { authorization: basic(who.accessKeyId, who.secretAccessKey) };
  const content = typeof body === "string" ? body : JSON.stringify(body);
  const init = content === undefined ? { method, headers } : { method, headers, body: content };
  const response = await berth.fetch(`/v1/webhooks${path}`, init);
  const text = await response.text();
  const json = text === "" ? {} : JSON.parse(text);
  return { status: response.status, json, said: json.errors?.[0]?.message ?? "" };
}

async function make(more: Json = {}): Promise<string> {
  const made = await call("POST", "", { url: receiver.url, ...more });
  expect(made.status, made.said).toBe(201);
  return String(made.json["id"]);
}

describe("a webhook", () => {
  test("is made with a secret that is shown once and sealed in the database", async () => {
    const made = await call("POST", "", { url: receiver.url, repositoryPrefix: "team/" });
    expect(made.status).toBe(201);
    const { id, secret } = made.json as { id: string; secret: string };
    const shown = { id, url: receiver.url, detailTypes: [], repositoryPrefix: "team/" };
    expect(made.json).toEqual({
      ...{ ...shown, id: expect.stringMatching(/^wh_[0-9a-f]{16}$/) },
      ...{ secret: expect.stringMatching(/^whsec_/), createdAt: clock.now().toISOString() },
    });
    const { json } = await call("GET", "");
    expect(json).toEqual({ webhooks: [{ ...shown, createdAt: clock.now().toISOString() }] });
    const [row] = await rowsOf<{ secret: Buffer; key: string; whole: string }>(
      berth,
      "SELECT secret_ciphertext AS secret, master_key_id AS key, w::text AS whole FROM webhooks w",
    );
    expect(row?.whole).not.toContain(secret);
    const masterKey = new MasterKey(home.config.masterKey ?? Buffer.alloc(0));
    const sealed = { masterKeyId: row?.key ?? "", ciphertext: row?.secret ?? Buffer.alloc(0) };
    expect(masterKey.open(sealed, id)).toBe(secret);
  });

  test("is told what happens, and can be tried, looked at and deleted", async () => {
    const id = await make();
    expect((await call("POST", `/${id}/test`)).json).toEqual({ delivered: true, outcome: "HTTP 204" });
    receiver.answer = () => 500;
    expect((await call("POST", `/${id}/test`)).json).toEqual({ delivered: false, outcome: "HTTP 500" });
    receiver.answer = () => 204;
    await createRepository(berth, "hooks/told");
    await vi.waitFor(() => expect(receiver.received).toHaveLength(3), { timeout: 20_000 });
    await vi.waitFor(async () => {
      const { deliveries } = (await call("GET", `/${id}/deliveries`)).json as { deliveries: Json[] };
      expect(deliveries).toMatchObject([
        {
          ...{ id: expect.stringMatching(/^\d+$/), state: "delivered", attempts: 1, outcome: "HTTP 204" },
          event: JSON.parse(receiver.received[2]?.body ?? ""),
        },
      ]);
    });
    expect((await call("DELETE", `/${id}`)).status).toBe(204);
    expect((await call("GET", "")).json).toEqual({ webhooks: [] });
    const metrics = await (await berth.fetch("/metrics")).text();
    expect(metrics).toMatch(/^berth_webhook_attempts_total\{end="delivered"\} 1$/m);
    expect(metrics).toMatch(/^berth_webhook_deliveries\{state="waiting"\} 0$/m);
    expect(metrics).toMatch(/^berth_webhook_oldest_seconds 0$/m);
  });

  test("has its dead letters listed page by page, and replayed: some or all", async () => {
    const id = await make();
    for (let at = 0; at < 3; at++) {
      await rowsOf(
        berth,
        `INSERT INTO webhook_deliveries (webhook_id, repository, event, state, queued_at, ended_at)
          VALUES ($1, 'a', $2, 'dead', now(), now())`,
        [id, JSON.stringify({ ...EVENT, id: `event-${at}` })],
      );
    }
    const list = `/${id}/deliveries?state=dead&limit=2`;
    const first = (await call("GET", list)).json as { deliveries: { id: string }[]; next: string };
    const second = (await call("GET", `${list}&after=${first.next}`)).json as typeof first;
    expect([first.deliveries.length, second.deliveries.length, second.next]).toEqual([2, 1, undefined]);
    expect((await call("GET", `/${id}/deliveries?state=waiting`)).json).toEqual({ deliveries: [] });
    const other = `/${id}/deliveries?state=waiting&after=${first.next}`;
    expect(await call("GET", other)).toMatchObject({
      status: 400,
      said: expect.stringContaining("after must be"),
    });
    const one = [first.deliveries[0]?.id];
    expect((await call("POST", `/${id}/replay`, { deliveries: one })).json).toEqual({ replayed: 1 });
    expect((await call("POST", `/${id}/replay`)).json).toEqual({ replayed: 2 });
    await vi.waitFor(() => expect(receiver.received).toHaveLength(3), { timeout: 20_000 });
  });

  test("is one of 20 at most", async () => {
    for (let at = 0; at < 20; at++) await make();
    expect(await call("POST", "", { url: receiver.url })).toMatchObject({
      ...{ status: 409, said: "a registry has at most 20 webhooks" },
    });
  });

  test("leaves a record of who made and deleted it, without what its URL may hide", async () => {
    const id = await make({ url: `${receiver.url}/token-in-the-path` });
    await call("DELETE", `/${id}`);
    const rows = await rowsOf<{ action: string; record: string }>(
      berth,
      "SELECT action, a::text AS record FROM audit_log a WHERE detail -> 'webhook' ->> 'id' = $1 ORDER BY id",
      [id],
    );
    expect(rows.map(({ action }) => action)).toEqual(["berth:CreateWebhook", "berth:DeleteWebhook"]);
    expect(rows.map(({ record }) => record).join()).not.toContain("token-in-the-path");
    expect(rows[0]?.record).toContain(new URL(receiver.url).host);
  });
});

describe("another account", () => {
  test("sees, tests, replays and deletes none of them", async () => {
    const id = await make();
    expect((await call("GET", "", undefined, other)).json).toEqual({ webhooks: [] });
    for (const [method, path] of [
      ["DELETE", ""],
      ["POST", "/test"],
      ["GET", "/deliveries"],
      ["POST", "/replay"],
    ] as const) {
      const refused = await call(method, `/${id}${path}`, undefined, other);
      expect(refused).toMatchObject({ status: 404, said: `there is no webhook ${id}` });
    }
    expect((await call("GET", "")).json).toMatchObject({ webhooks: [{ id }] });
  });

  test("is told nothing of this one", async () => {
    const made = await call("POST", "", { url: receiver.url }, other);
    expect(made.status).toBe(201);
    await make();
    await createRepository(berth, "hooks/ours");
    await vi.waitFor(() => expect(receiver.received).toHaveLength(1), { timeout: 20_000 });
    const [row] = await rowsOf<{ count: number }>(
      berth,
      "SELECT count(*) FROM webhook_deliveries WHERE webhook_id = $1",
      [made.json["id"]],
    );
    expect(row?.count).toBe(0);
  });
});

describe("permissions", () => {
  let reader: Credentials;
  beforeAll(async () => {
    reader = await scene.makeUser("reader", [allow(["ecr:*", "berth:ListEvents"])]);
  });

  test.each([
    ["POST", "", "berth:CreateWebhook"],
    ["GET", "", "berth:ListWebhooks"],
    ["DELETE", "/wh_0000000000000000", "berth:DeleteWebhook"],
    ["POST", "/wh_0000000000000000/test", "berth:TestWebhook"],
    ["GET", "/wh_0000000000000000/deliveries", "berth:ListWebhookDeliveries"],
    ["POST", "/wh_0000000000000000/replay", "berth:ReplayWebhookDeliveries"],
  ])("%s /v1/webhooks%s takes %s", async (method, path, action) => {
    const refused = await call(method, path, undefined, reader);
    expect(refused).toMatchObject({ status: 403, said: expect.stringContaining(action) });
    const nobody = { method, path: `/v1/webhooks${path}`, headers: { authorization: "" } };
    expect((await exchange(berth, nobody)).status).toBe(401);
  });
});

describe("what is wrong is said", () => {
  test.each([
    ["POST", "", { url: 7 }, 400, "url must be a string"],
    ["POST", "", {}, 400, "url must be a string"],
    ["POST", "", { url: "https://x.example", repositoryPrefix: 7 }, 400, "repositoryPrefix must be a string"],
    [
      "POST",
      "",
      { url: "https://x.example", detailTypes: "a" },
      400,
      "detailTypes must be a list of at most 20",
    ],
    ["POST", "", { url: "https://x.example", detailTypes: [7] }, 400, "detailTypes must be a list"],
    ["POST", "", { url: "https://10.0.0.1" }, 400, "url must lead to a public address"],
    ["POST", "", { url: "https://x.example", prefix: "a" }, 400, 'and no "prefix"'],
    ["POST", "", "[]", 400, "the body must be a JSON object"],
    ["POST", "", "{", 400, "not"],
    ["POST", "", " ".repeat(70_000), 413, "the body has more than 65536 bytes"],
    ["POST", "/wh_0/replay", { deliveries: ["a"] }, 400, "deliveries must be ids of deliveries"],
    ["POST", "/wh_0/replay", {}, 404, "there is no webhook wh_0"],
    ["DELETE", "/wh_0", undefined, 404, "there is no webhook wh_0"],
    ["POST", "/wh_0/test", undefined, 404, "there is no webhook wh_0"],
  ])("%s /v1/webhooks%s with %j", async (method, path, body, status, says) => {
    const refused = await call(method, path, body);
    expect([refused.status, refused.said]).toEqual([status, expect.stringContaining(says)]);
  });

  test("of the list of deliveries", async () => {
    const id = await make();
    const state = await call("GET", `/${id}/deliveries?state=lost`);
    expect(state).toMatchObject({
      status: 400,
      said: 'state must be waiting or delivered or dead, not "lost"',
    });
    expect(await call("GET", `/${id}/deliveries?limit=251`)).toMatchObject({ status: 400 });
  });

  test.each([
    ["", "GET, POST, OPTIONS"],
    ["/wh_0", "DELETE, OPTIONS"],
    ["/wh_0/test", "POST, OPTIONS"],
    ["/wh_0/deliveries", "GET, OPTIONS"],
    ["/wh_0/replay", "POST, OPTIONS"],
  ])("/v1/webhooks%s has the methods %s", async (path, methods) => {
    for (const [method, status] of [["PATCH", 405] as const, ["OPTIONS", 204] as const]) {
      const answer = await exchange(berth, { method, path: `/v1/webhooks${path}` });
      expect([answer.status, answer.headers.allow]).toEqual([status, methods]);
    }
  });
});
