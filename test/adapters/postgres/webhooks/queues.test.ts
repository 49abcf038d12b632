import { afterAll, beforeEach, expect, test, vi } from "vitest";
import { postgresDeliveries } from "../../../../src/adapters/postgres/webhooks/deliveries.ts";
import { postgresDeliveryQueues } from "../../../../src/adapters/postgres/webhooks/queues.ts";
import { postgresWebhooks } from "../../../../src/adapters/postgres/webhooks/store.ts";
import { CAUSE } from "../../../support/cause.ts";
import { HOUR, MINUTE } from "../../../support/clock.ts";
import { rowsOf } from "../../../support/rows.ts";
import { openScopes } from "../registry/scene.ts";

const { database, clock, here, elsewhere, close } = await openScopes();
afterAll(() => close());
const queues = postgresDeliveryQueues(database);
const deliveries = postgresDeliveries(database);
const run = (text: string, values: readonly unknown[] = []) =>
  rowsOf<Record<string, unknown>>({ database }, text, values);
const now = clock.now();
const at = (milliseconds: number): Date => new Date(now.getTime() + milliseconds);

/** Of two registries a webhook each, and in each of two repositories two deliveries that wait for it. */
beforeEach(async () => {
  for (const table of ["webhook_queues", "webhook_deliveries", "webhooks", "outbox"])
    await run(`DELETE FROM ${table}`);
  for (const [id, registry] of [
    ["wh-a", here.id],
    ["wh-b", elsewhere[0]?.id],
  ]) {
    await run(
      `INSERT INTO webhooks VALUES ($1, $2, 'https://a.test/', '{}', '', '', 'k', pg_current_xact_id(), 0, 0, $3)`,
      [id, registry, now],
    );
    await run(
      `INSERT INTO webhook_deliveries (webhook_id, repository, event, queued_at)
        SELECT $1, r, '{"detail":{}}', $2 FROM unnest(ARRAY['x', 'y']) AS r, generate_series(1, 2) ORDER BY 2`,
      [id, now],
    );
    await run(
      "INSERT INTO webhook_queues (webhook_id, repository, due_at) SELECT $1, unnest(ARRAY['x', 'y']), $2",
      [id, now],
    );
  }
});

/** Webhook, repository and what `column` is, of all deliveries or queues that `where` chooses. */
const chosen = async (table: string, column: string, where: string): Promise<readonly unknown[]> =>
  (
    await run(
      `SELECT webhook_id || '/' || repository AS queue, ${column} AS value FROM ${table}
        WHERE ${where} ORDER BY queue, ${table === "webhook_queues" ? "1" : "id"}`,
    )
  ).map(({ queue, value }) => [queue, value]);

async function claimed(webhook: string, repository: string) {
  const claims = await queues.claim(webhook, 10, now, at(MINUTE));
  const claim = claims.find((each) => each.repository === repository);
  if (claim === undefined) throw new Error("not claimed");
  return claim;
}

test("behind is a webhook of whose registry something happened, until it was gone through, or too much waits", async () => {
  expect(await queues.behind(100, 10)).toEqual([]);
  await run(
    "INSERT INTO outbox (registry_id, kind, detail, created_at) VALUES ($1, 'repository.create', $2, $3)",
    [here.id, JSON.stringify({ repository: "x", requestId: "r", principal: CAUSE.principal }), now],
  );
  // What other databases of the server do may hold events up a moment.
  await vi.waitFor(async () => expect(await queues.behind(5, 10)).toEqual(["wh-a"]), { timeout: 20_000 });
  expect(await queues.behind(4, 10)).toEqual([]);
  await run("UPDATE webhook_deliveries SET state = 'dead', ended_at = queued_at WHERE webhook_id = 'wh-a'");
  expect(await queues.behind(1, 10)).toEqual(["wh-a"]);
  await queues.queue("wh-a", 10, now);
  expect(await queues.behind(100, 10)).toEqual([]);
});

test("due is a webhook with a queue whose time has come and that nobody has", async () => {
  expect(await queues.due(now)).toEqual(["wh-a", "wh-b"]);
  await run("UPDATE webhook_queues SET due_at = $1 WHERE webhook_id = 'wh-a'", [at(1)]);
  expect([await queues.due(now), await queues.due(at(1))]).toEqual([["wh-b"], ["wh-a", "wh-b"]]);
  await queues.claim("wh-b", 10, now, at(2));
  expect([await queues.due(at(1)), await queues.due(at(2))]).toEqual([["wh-a"], ["wh-a", "wh-b"]]);
});

test("claimed are queues of one webhook, the longest due first, for as long as the lease", async () => {
  await run("UPDATE webhook_queues SET due_at = $1 WHERE repository = 'x'", [at(1)]);
  const repositories = async (limit: number, time: number, until: number) =>
    (await queues.claim("wh-a", limit, at(time), at(until))).map(({ webhook, repository }) => [
      webhook,
      repository,
    ]);
  expect(await repositories(10, 0, 0)).toEqual([["wh-a", "y"]]);
  expect(await repositories(1, 1, 2)).toEqual([["wh-a", "y"]]);
  expect(await repositories(10, 1, 5)).toEqual([["wh-a", "x"]]);
  expect(await repositories(10, 2, 5)).toEqual([["wh-a", "y"]]);
  expect(await repositories(10, 4, 5)).toEqual([]);
  expect(await chosen("webhook_queues", "claim", "true")).toEqual([
    ...[
      ["wh-a/x", 1],
      ["wh-a/y", 3],
    ],
    ...[
      ["wh-b/x", 0],
      ["wh-b/y", 0],
    ],
  ]);
});

test("what was delivered ends alone, and the next of its queue follows", async () => {
  const claim = await claimed("wh-a", "x");
  const [first] = [await queues.next(claim)];
  if (first === undefined) throw new Error("nothing waits");
  expect(await queues.keepDelivered(claim, first, "200", now, at(HOUR))).toBe(true);
  expect(await chosen("webhook_deliveries", "attempts", "state = 'delivered'")).toEqual([["wh-a/x", 1]]);
  const second = await queues.next(claim);
  expect(second?.id).toBeGreaterThan(first.id);
  expect(await chosen("webhook_queues", "failures", `leased_until = '${at(HOUR).toISOString()}'`)).toEqual([
    ["wh-a/x", 0],
  ]);
  const late = { ...claim, number: claim.number - 1 };
  expect(await queues.next(late)).toBeUndefined();
  expect(await queues.keepDelivered(late, first, "200", now, at(HOUR))).toBe(false);
});

test("what failed waits in its queue, and is buried with what has waited as long", async () => {
  const claim = await claimed("wh-a", "x");
  const first = await queues.next(claim);
  if (first === undefined) throw new Error("nothing waits");
  const failure = { outcome: "500", deadBefore: at(-1), dueAt: at(MINUTE) };
  expect(await queues.keepFailed(claim, first, failure, now)).toBe(0);
  expect(await chosen("webhook_deliveries", "attempts", "attempts > 0")).toEqual([["wh-a/x", 1]]);
  expect(await chosen("webhook_queues", "failures", "failures > 0")).toEqual([["wh-a/x", 1]]);
  expect(await chosen("webhook_queues", "1", `due_at = '${at(MINUTE).toISOString()}'`)).toEqual([
    ["wh-a/x", 1],
  ]);
  expect(await queues.keepFailed(claim, first, { ...failure, deadBefore: now }, now)).toBe(2);
  expect(await chosen("webhook_deliveries", "state", "state <> 'waiting'")).toEqual([
    ...[
      ["wh-a/x", "dead"],
      ["wh-a/x", "dead"],
    ],
  ]);
});

test("a queue that is given back goes when nothing waits in it, and is due again otherwise", async () => {
  const claim = await claimed("wh-a", "x");
  await queues.release(claim, at(MINUTE));
  expect(await chosen("webhook_queues", "1", `due_at = '${at(MINUTE).toISOString()}'`)).toEqual([
    ["wh-a/x", 1],
  ]);
  await run("UPDATE webhook_deliveries SET state = 'dead', ended_at = queued_at WHERE repository = 'x'");
  await queues.release(claim, at(HOUR));
  expect(await chosen("webhook_queues", "1", "true")).toEqual([
    ["wh-a/y", 1],
    ["wh-b/x", 1],
    ["wh-b/y", 1],
  ]);
});

test("replayed and listed is what one webhook has, the oldest first and the newest first", async () => {
  await run("UPDATE webhook_deliveries SET state = 'dead', ended_at = queued_at, attempts = 3");
  await run("DELETE FROM webhook_queues");
  const shown = async (state?: "dead" | "waiting", before = 1e15, limit = 100) =>
    (await deliveries.list("wh-a", { state, before, limit })).map(({ id }) => id);
  const all = await shown();
  expect(all).toHaveLength(4);
  expect(all).toEqual(all.toSorted((a, b) => b - a));
  expect([await shown(undefined, all[1]), await shown("dead", all[1], 1)]).toEqual([all.slice(2), [all[2]]]);
  expect((await deliveries.list("wh-a", { state: undefined, before: 1e15, limit: 1 }))[0]).toMatchObject({
    ...{ attemptedAt: undefined, outcome: undefined, attempts: 3 },
  });
  expect(await deliveries.replay("wh-a", { ids: all.slice(0, 3), limit: 2 }, CAUSE, at(1))).toBe(2);
  expect(await shown("waiting")).toEqual(all.slice(1, 3));
  expect(await deliveries.replay("wh-a", { ids: undefined, limit: 10 }, CAUSE, at(1))).toBe(2);
  expect(await deliveries.replay("wh-a", { ids: undefined, limit: 10 }, CAUSE, at(1))).toBe(0);
  expect(await chosen("webhook_queues", "failures", "true")).toEqual([
    ["wh-a/x", 0],
    ["wh-a/y", 0],
  ]);
  expect(await deliveries.figures()).toEqual({ waiting: 4, dead: 4, oldest: at(1) });
});

test("what has ended is forgotten after a while, delivered sooner than dead", async () => {
  const ended =
    "UPDATE webhook_deliveries SET ended_at = $1, state = $2 WHERE webhook_id = $3 AND repository = $4";
  await run(ended, [now, "delivered", "wh-a", "x"]);
  await run(ended, [at(1), "delivered", "wh-a", "y"]);
  await run(ended, [now, "dead", "wh-b", "x"]);
  expect(await deliveries.trim(now, now, 10)).toBe(0);
  expect(await deliveries.trim(at(1), now, 10)).toBe(2);
  expect(await deliveries.trim(at(1), at(1), 1)).toBe(1);
  expect(await chosen("webhook_deliveries", "state", "true")).toEqual([
    ...[
      ["wh-a/y", "delivered"],
      ["wh-a/y", "delivered"],
    ],
    ...[["wh-b/x", "dead"]],
    ...[
      ["wh-b/y", "waiting"],
      ["wh-b/y", "waiting"],
    ],
  ]);
});

test("listed are the webhooks of one registry, the oldest first", async () => {
  await run(
    `INSERT INTO webhooks SELECT e.id, registry_id, url, detail_types, repository_prefix, secret_ciphertext, master_key_id,
        cursor_xid, cursor_id, cursor_skip, created_at + e.later
      FROM webhooks w, (VALUES ('wh-0', interval '1 hour'), ('wh-1', interval '0')) AS e (id, later) WHERE w.id = 'wh-a'`,
  );
  const listed = await postgresWebhooks(database).list(here.id);
  expect(listed.map(({ id }) => id)).toEqual(["wh-1", "wh-a", "wh-0"]);
});
