import pg from "pg";
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { postgresOutbox } from "../../src/adapters/postgres/outbox.ts";
import { postgresRegistries } from "../../src/adapters/postgres/registries.ts";
import { postgresDeliveries } from "../../src/adapters/postgres/webhooks/deliveries.ts";
import { postgresDeliveryQueues } from "../../src/adapters/postgres/webhooks/queues.ts";
import { postgresWebhooks } from "../../src/adapters/postgres/webhooks/store.ts";
import { webhookSender } from "../../src/adapters/webhooks/send.ts";
import type { WantedWebhook } from "../../src/events/webhooks/draft.ts";
import type { DeliveryState } from "../../src/events/webhooks/ports.ts";
import { createWebhook, testWebhook, type WebhookPorts } from "../../src/events/webhooks/webhooks.ts";
import { LEASE, PER_WEBHOOK, WebhookWorker } from "../../src/events/webhooks/worker.ts";
import { OutboundHosts } from "../../src/kernel/outbound-hosts.ts";
import { Scopes } from "../../src/registry/scopes.ts";
import { Barriers } from "../support/barrier.ts";
import { makeTestHome, openTestState } from "../support/berth.ts";
import { CAUSE } from "../support/cause.ts";
import { HOUR, ManualClock, MINUTE } from "../support/clock.ts";
import { type Receiver, startReceiver } from "../support/receiver.ts";
import { rowsOf } from "../support/rows.ts";

const home = await makeTestHome();
const clock = new ManualClock();
const state = await openTestState(home, clock);
const { database, masterKey } = state;
const barriers = new Barriers();
const scope = await new Scopes(postgresRegistries(database), ["*"]).open({
  account: "000000000000",
  region: "us-east-1",
});
const hosts = new OutboundHosts(["127.0.0.1"]);
const sender = webhookSender({ hosts, userAgent: "berth/test" });
const deliveries = postgresDeliveries(database);
const ports: WebhookPorts = {
  ...{ deliveries, sender, hosts, masterKey, clock, webhooks: postgresWebhooks(database) },
};
const ends: Record<string, number> = {};
const failures: unknown[] = [];

function makeWorker(): WebhookWorker {
  return new WebhookWorker({
    ...{ queues: postgresDeliveryQueues(barriers.wrap(database)), sender, masterKey, clock },
    onEnd: (end, count) => {
      ends[end] = (ends[end] ?? 0) + count;
    },
    onFailure: (error) => failures.push(error),
  });
}

let receiver: Receiver;
let worker: WebhookWorker;
let webhook = "";
const make = async (wanted: Partial<WantedWebhook> = {}) =>
  createWebhook(ports, scope, { url: receiver.url, ...wanted }, CAUSE);

beforeEach(async () => {
  receiver = await startReceiver();
  worker = makeWorker();
  for (const key of Object.keys(ends)) delete ends[key];
  for (const table of ["webhook_queues", "webhook_deliveries", "webhooks", "outbox"])
    await rowsOf(state, `DELETE FROM ${table}`);
  webhook = (await make()).id;
});
afterEach(async () => {
  barriers.clear();
  await worker.stop();
  await receiver.close();
  expect(failures.splice(0)).toEqual([]);
});
afterAll(async () => {
  await state.close();
  await home.remove();
});

/** A push of that tag, as its transaction tells of it. */
async function pushed(repository: string, tag: string): Promise<void> {
  const detail = {
    repository,
    principal: CAUSE.principal,
    requestId: "r",
    digest: `sha256:${"0".repeat(64)}`,
  };
  await rowsOf(
    state,
    "INSERT INTO outbox (registry_id, kind, detail, created_at) VALUES ($1, 'image.put', $2, $3)",
    [scope.id, JSON.stringify({ ...detail, created: true, moved: [{ tag, from: null }] }), clock.now()],
  );
}

const tagOf = ({ body }: { readonly body: string }): string => JSON.parse(body).detail["image-tag"];
const received = (): string[] => receiver.received.map(tagOf);

/** What other databases of the server do may hold events up a moment: until so many are queued or more. */
async function queued(count: number): Promise<void> {
  await vi.waitFor(
    async () => {
      const queues = postgresDeliveryQueues(database);
      for (const each of await queues.behind(20_000, 100)) await queues.queue(each, 200, clock.now());
      expect(await rowsOf(state, "SELECT id FROM webhook_deliveries")).toHaveLength(count);
    },
    { timeout: 20_000, interval: 10 },
  );
}

async function deliver(by = worker): Promise<void> {
  await by.round();
  await by.settled();
}

const statesOf = async (id = webhook): Promise<(readonly [string, DeliveryState, number, string?])[]> =>
  (await deliveries.list(id, { state: undefined, before: 1e15, limit: 100 }))
    .map(({ event, state, attempts, outcome }) => {
      const tag = String(event.detail["image-tag"]);
      return outcome === undefined
        ? ([tag, state, attempts] as const)
        : ([tag, state, attempts, outcome] as const);
    })
    .reverse();

describe("deliveries", () => {
  test("of a repository arrive in their order, each once, signed, and are kept for a while", async () => {
    for (const tag of ["a", "b", "c"]) await pushed("team/app", tag);
    await queued(3);
    await deliver();
    expect(received()).toEqual(["a", "b", "c"]);
    expect(await statesOf()).toEqual(["a", "b", "c"].map((tag) => [tag, "delivered", 1, "HTTP 204"]));
    await deliver();
    expect(receiver.received).toHaveLength(3);
    expect(receiver.received[0]?.headers).toMatchObject({
      "webhook-signature": expect.stringMatching(/^v1,/),
      "ce-type": "aws.ecr.image-action",
    });
    expect(ends).toEqual({ delivered: 3 });
    const ago = (milliseconds: number): Date => new Date(clock.now().getTime() - milliseconds);
    expect(await deliveries.trim(ago(1), ago(1), 10)).toBe(0);
    expect(await deliveries.trim(ago(-1), ago(1), 2)).toBe(2);
    expect(await deliveries.trim(ago(-1), ago(1), 2)).toBe(1);
    expect(await rowsOf(state, "SELECT 1 FROM webhook_queues")).toEqual([]);
  });

  test("are those that the filter lets through, and none of before the webhook", async () => {
    await pushed("team/app", "before");
    await queued(1);
    const filtered = await make({ repositoryPrefix: "team/", detailTypes: ["ECR Image Action"] });
    await pushed("team/app", "a");
    await pushed("other/app", "b");
    await queued(4);
    await deliver();
    expect((await statesOf(filtered.id)).map(([tag]) => tag)).toEqual(["a"]);
    expect((await statesOf()).map(([tag]) => tag)).toEqual(["before", "a", "b"]);
  });

  test("wait behind one that fails in their repository, and in no other", async () => {
    receiver.answer = (got) => (tagOf(got) === "a" ? 500 : 204);
    for (const tag of ["a", "b"]) await pushed("team/app", tag);
    await pushed("team/other", "c");
    await queued(3);
    await deliver();
    expect(received().sort()).toEqual(["a", "c"]);
    expect(await statesOf()).toEqual([
      ["a", "waiting", 1, "HTTP 500"],
      ["b", "waiting", 0],
      ["c", "delivered", 1, "HTTP 204"],
    ]);
    await deliver();
    expect(receiver.received).toHaveLength(2);
    receiver.answer = () => 204;
    clock.advance(MINUTE);
    await deliver();
    expect(received().slice(2)).toEqual(["a", "b"]);
    expect(ends).toEqual({ delivered: 3, failed: 1, dead: 0 });
  });

  test("keep the id of their event in every attempt", async () => {
    receiver.answer = () => 503;
    await pushed("team/app", "a");
    await queued(1);
    await deliver();
    clock.advance(MINUTE);
    await deliver();
    const [first, second] = receiver.received.map(({ headers }) => headers);
    expect(second?.["webhook-id"]).toBe(first?.["webhook-id"]);
    expect(Number(second?.["webhook-timestamp"]) - Number(first?.["webhook-timestamp"])).toBe(60);
    expect(second?.["webhook-signature"]).not.toBe(first?.["webhook-signature"]);
  });

  test("are tried more and more seldom for 24 hours, then dead, listed, and replayed in their order", async () => {
    receiver.answer = () => 503;
    for (const tag of ["a", "b"]) await pushed("team/app", tag);
    await queued(2);
    for (let minutes = 0; minutes < 24 * 60 - 1; minutes++) {
      clock.advance(MINUTE);
      await deliver();
    }
    // After 5, 10, 20 … seconds at first, then every hour.
    expect(receiver.received.length).toBeGreaterThan(25);
    expect(receiver.received.length).toBeLessThan(45);
    expect(new Set(received())).toEqual(new Set(["a"]));
    expect((await statesOf()).map(([, each]) => each)).toEqual(["waiting", "waiting"]);
    clock.advance(2 * HOUR);
    await deliver();
    expect((await statesOf()).map(([, each]) => each)).toEqual(["dead", "dead"]);
    expect(ends["dead"]).toBe(2);
    expect(await deliveries.figures()).toEqual({ waiting: 0, dead: 2, oldest: undefined });
    clock.advance(2 * HOUR);
    await deliver();

    receiver.answer = () => 204;
    receiver.received.length = 0;
    const wanted = { ids: undefined, limit: 100 };
    expect(await deliveries.replay(webhook, wanted, CAUSE, clock.now())).toBe(2);
    expect(await deliveries.replay(webhook, wanted, CAUSE, clock.now())).toBe(0);
    await deliver();
    expect(received()).toEqual(["a", "b"]);
    expect(await statesOf()).toEqual(["a", "b"].map((tag) => [tag, "delivered", 1, "HTTP 204"]));
  }, 60_000);

  test("of a webhook that was deleted end", async () => {
    await pushed("team/app", "a");
    await queued(1);
    expect(await ports.webhooks.delete(scope.id, webhook, CAUSE, clock.now())).toBe(true);
    expect(await ports.webhooks.delete(scope.id, webhook, CAUSE, clock.now())).toBe(false);
    await deliver();
    expect(receiver.received).toEqual([]);
  });
});

describe("a receiver", () => {
  test("that is slow keeps no other webhook waiting, and has so many at a time", async () => {
    const other = await startReceiver();
    const { promise, resolve } = Promise.withResolvers<void>();
    try {
      receiver.answer = () => promise.then(() => 204);
      await make({ url: other.url });
      for (let at = 0; at < 10; at++) await pushed(`team/app${at}`, String(at));
      await queued(20);
      await worker.round();
      await vi.waitFor(() => expect(other.received).toHaveLength(10));
      await worker.round();
      await vi.waitFor(() => expect(receiver.received).toHaveLength(PER_WEBHOOK));
      resolve();
      await deliver();
      expect(received().sort()).toEqual([..."0123456789"]);
    } finally {
      resolve();
      await other.close();
    }
  });

  test("that fails is tried by one at a time until it is back", async () => {
    receiver.answer = () => 500;
    for (let at = 0; at < 6; at++) await pushed(`team/app${at}`, String(at));
    await queued(6);
    await deliver();
    expect(receiver.received).toHaveLength(PER_WEBHOOK);
    await deliver();
    expect(receiver.received).toHaveLength(PER_WEBHOOK + 1);
    receiver.answer = () => 204;
    clock.advance(MINUTE);
    await deliver();
    await deliver();
    expect((await statesOf()).map(([, each]) => each)).toEqual(Array(6).fill("delivered"));
  });

  test("can be tried", async () => {
    const gone = new AbortController().signal;
    expect(await testWebhook(ports, scope, webhook, gone)).toEqual({ delivered: true, outcome: "HTTP 204" });
    expect(JSON.parse(receiver.received[0]?.body ?? "")).toMatchObject({
      "detail-type": "Berth Webhook Test",
    });
    await expect(testWebhook(ports, scope, "wh_0", gone)).rejects.toMatchObject({
      reason: "WEBHOOK_UNKNOWN",
    });
  });
});

describe("two nodes", () => {
  test("queue each event once, whoever comes second", async () => {
    for (const tag of ["a", "b"]) await pushed("team/app", tag);
    const other = makeWorker();
    const hold = barriers.hold("webhook_deliveries_add");
    const first = vi.waitFor(async () => {
      await worker.round();
      expect(await rowsOf(state, "SELECT 1 FROM webhook_deliveries")).toHaveLength(2);
    });
    await hold.reached;
    await other.round();
    expect(await rowsOf(state, "SELECT 1 FROM webhook_deliveries")).toEqual([]);
    hold.release();
    await first;
    await worker.settled();
    await deliver(other);
    expect(received()).toEqual(["a", "b"]);
  });

  test("share queues, and none delivers what another has in its hands", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    receiver.answer = (got) => (tagOf(got) === "a" ? promise.then(() => 204) : 204);
    for (const tag of ["a", "b"]) await pushed("team/app", tag);
    await queued(2);
    await worker.round();
    await vi.waitFor(() => expect(received()).toEqual(["a"]));
    const other = makeWorker();
    await pushed("team/other", "c");
    await queued(3);
    await deliver(other);
    expect(received()).toEqual(["a", "c"]);
    resolve();
    await worker.settled();
    expect(received()).toEqual(["a", "c", "b"]);
  });

  test("look for work at once: what one is taking the other leaves, and does not wait for", async () => {
    for (let at = 0; at < 2; at++) await pushed(`team/app${at}`, String(at));
    await queued(2);
    const other = new pg.Client(home.connection.main);
    await other.connect();
    try {
      await other.query("BEGIN; SELECT FROM webhook_queues WHERE repository = 'team/app0' FOR UPDATE");
      await deliver();
      expect(received()).toEqual(["1"]);
    } finally {
      await other.end();
    }
  });
});

describe("a worker that ends", () => {
  test("and comes back late does not count: the claim is another's", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    receiver.answer = () => (receiver.received.length === 1 ? promise.then(() => 204) : 204);
    for (const tag of ["a", "b"]) await pushed("team/app", tag);
    await queued(2);
    await worker.round();
    await vi.waitFor(() => expect(received()).toEqual(["a"]));
    clock.advance(LEASE + 1);
    await deliver(makeWorker());
    expect(received()).toEqual(["a", "a", "b"]);
    resolve();
    await worker.settled();
    expect(received()).toEqual(["a", "a", "b"]);
    expect((await statesOf()).map(([, each, attempts]) => [each, attempts])).toEqual([
      ["delivered", 1],
      ["delivered", 1],
    ]);
  });

  test("and comes back while another has its queue changes nothing", async () => {
    const [mine, theirs] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    receiver.answer = () => [mine, theirs][receiver.received.length - 1]?.promise.then(() => 204) ?? 204;
    for (const tag of ["a", "b"]) await pushed("team/app", tag);
    await queued(2);
    await worker.round();
    await vi.waitFor(() => expect(received()).toEqual(["a"]));
    clock.advance(LEASE + 1);
    const other = makeWorker();
    await other.round();
    await vi.waitFor(() => expect(received()).toEqual(["a", "a"]));
    mine.resolve();
    await worker.settled();
    expect((await statesOf()).map(([, each]) => each)).toEqual(["waiting", "waiting"]);
    theirs.resolve();
    await other.settled();
    expect(received()).toEqual(["a", "a", "b"]);
  });

  test("in order gives back what is under way, for another to go on at once", async () => {
    receiver.answer = () => new Promise(() => undefined);
    await pushed("team/app", "a");
    await queued(1);
    await worker.round();
    await vi.waitFor(() => expect(received()).toEqual(["a"]));
    await worker.stop();
    receiver.answer = () => 204;
    await deliver(makeWorker());
    expect(received()).toEqual(["a", "a"]);
  });
});

describe("a queue that is given back because nothing waits in it", () => {
  /** Two pushes, of which the second is not queued yet; the first is delivered until somebody is held. */
  async function meet(): Promise<void> {
    await pushed("team/app", "a");
    await queued(1);
    await pushed("team/app", "b");
    await vi.waitFor(async () =>
      expect(await postgresDeliveryQueues(database).behind(10, 10)).toEqual([webhook]),
    );
  }
  const claim = { repository: "team/app", number: 1, failures: 0 };

  test("meets an event that is queued meanwhile: whoever comes second opens the queue anew", async () => {
    await meet();
    const queues = postgresDeliveryQueues(barriers.wrap(database));
    await queues.claim(webhook, 1, clock.now(), clock.now());
    await rowsOf(state, "DELETE FROM webhook_deliveries");
    const hold = barriers.hold("webhook_queue_is_empty", "after");
    const givenBack = queues.release({ ...claim, webhook }, clock.now());
    await hold.reached;
    const added = queues.queue(webhook, 10, clock.now());
    await oneIsHeldUp();
    hold.release();
    await Promise.all([givenBack, added]);
    await deliver();
    expect(received()).toEqual(["b"]);
  });

  test("meets one that was queued a moment ago: it finds it when its turn comes", async () => {
    await meet();
    const queues = postgresDeliveryQueues(barriers.wrap(database));
    await queues.claim(webhook, 1, clock.now(), clock.now());
    await rowsOf(state, "DELETE FROM webhook_deliveries");
    const hold = barriers.hold("webhook_move_cursor");
    const added = queues.queue(webhook, 10, clock.now());
    await hold.reached;
    const givenBack = queues.release({ ...claim, webhook }, clock.now());
    await oneIsHeldUp();
    hold.release();
    await Promise.all([givenBack, added]);
    await deliver();
    expect(received()).toEqual(["b"]);
  });
});

/** Waits until a statement about queues waits for a lock. */
async function oneIsHeldUp(): Promise<void> {
  await vi.waitFor(async () => {
    const waiting = await rowsOf<{ query: string }>(
      state,
      `SELECT query FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()
        AND query LIKE '%webhook_queues%'`,
    );
    expect(waiting).toHaveLength(1);
  });
}

describe("the outbox", () => {
  test("keeps what a webhook has not come to yet, up to a bound", async () => {
    const outbox = postgresOutbox(database);
    await pushed("team/app", "a");
    clock.advance(2 * MINUTE);
    const later = new Date(clock.now().getTime() - MINUTE);
    const never = new Date(0);
    expect(await outbox.trim(later, never, 10)).toBe(0);
    await queued(1);
    expect(await outbox.trim(later, never, 10)).toBe(1);
    await pushed("team/app", "b");
    clock.advance(2 * MINUTE);
    expect(await outbox.trim(clock.now(), clock.now(), 10)).toBe(1);
  });

  test("that was restored into another server goes on where each webhook was", async () => {
    await pushed("team/app", "a");
    await queued(1);
    await pushed("team/app", "b");
    const ahead = "(xid::text::bigint + 1000000000)::text::xid8";
    await rowsOf(state, `UPDATE outbox SET xid = ${ahead}`);
    await rowsOf(state, `UPDATE webhooks SET cursor_xid = ${ahead.replace("xid", "cursor_xid")}`);
    await postgresOutbox(database).renumber();
    await pushed("team/app", "c");
    await queued(3);
    await deliver();
    expect(received()).toEqual(["a", "b", "c"]);
  });

  test("waits while too much waits for a webhook already", async () => {
    const queues = postgresDeliveryQueues(database);
    for (const tag of ["a", "b"]) await pushed("team/app", tag);
    await queued(2);
    await pushed("team/app", "c");
    await vi.waitFor(async () => expect(await queues.behind(3, 10)).toEqual([webhook]));
    expect(await queues.behind(2, 10)).toEqual([]);
  });
});
