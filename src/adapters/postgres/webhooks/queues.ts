import type { ChangeEvent } from "../../../events/envelope.ts";
import type { Position } from "../../../events/position.ts";
import { readPage } from "../../../events/read-page.ts";
import type { Claim, Delivery, DeliveryQueues } from "../../../events/webhooks/ports.ts";
import { isWanted } from "../../../events/webhooks/webhook.ts";
import type { RegistryId } from "../../../registry/scope.ts";
import { postgresChangeReader } from "../change-reader.ts";
import type { Database } from "../database.ts";
import type { Transaction } from "../transaction.ts";
import { toWebhook, WEBHOOK_COLUMNS, type WebhookRow } from "./rows.ts";

const BEHIND = {
  name: "webhooks_behind",
  text: `SELECT id FROM webhooks w
    WHERE EXISTS (SELECT FROM outbox o WHERE o.registry_id = w.registry_id
        AND (o.xid, o.id) >= (w.cursor_xid, w.cursor_id) AND o.xid < pg_snapshot_xmin(pg_current_snapshot()))
      AND (SELECT count(*) FROM (SELECT FROM webhook_deliveries d
        WHERE d.webhook_id = w.id AND d.state = 'waiting' LIMIT $1) AS waiting) < $1
    ORDER BY id LIMIT $2`,
};
const LOCK_CURSOR = {
  name: "webhook_lock_cursor",
  text: `SELECT w.id, w.registry_id, w.detail_types, w.repository_prefix, w.cursor_xid::text AS xid, w.cursor_id,
      w.cursor_skip, g.account_id, g.region
    FROM webhooks w JOIN registries g ON g.id = w.registry_id WHERE w.id = $1 FOR NO KEY UPDATE OF w SKIP LOCKED`,
};
const ADD = {
  name: "webhook_deliveries_add",
  text: `INSERT INTO webhook_deliveries (webhook_id, repository, event, queued_at)
    SELECT $1, e.repository, e.event::json, $4
    FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS e (repository, event, place) ORDER BY e.place`,
};
// A row that is there is locked all the same: whoever gives it back must wait, and look again.
const OPEN = {
  name: "webhook_queues_open",
  text: `INSERT INTO webhook_queues (webhook_id, repository, due_at)
    SELECT DISTINCT $1, repository, $3::timestamptz FROM unnest($2::text[]) AS repository ORDER BY repository
    ON CONFLICT (webhook_id, repository) DO UPDATE SET claim = webhook_queues.claim`,
};
const MOVE_CURSOR = {
  name: "webhook_move_cursor",
  text: `UPDATE webhooks SET cursor_xid = $2::text::xid8, cursor_id = $3, cursor_skip = $4 WHERE id = $1`,
};
const DUE = {
  name: "webhooks_due",
  text: `SELECT id FROM webhooks w WHERE EXISTS (SELECT FROM webhook_queues q
      WHERE q.webhook_id = w.id AND q.due_at <= $1 AND (q.leased_until IS NULL OR q.leased_until <= $1)) ORDER BY id`,
};
const CLAIM = {
  name: "webhook_queues_claim",
  text: `UPDATE webhook_queues q SET claim = q.claim + 1, leased_until = $4
    FROM (SELECT webhook_id, repository FROM webhook_queues
      WHERE webhook_id = $1 AND due_at <= $3 AND (leased_until IS NULL OR leased_until <= $3)
      ORDER BY due_at, repository LIMIT $2 FOR UPDATE SKIP LOCKED) AS due
    WHERE q.webhook_id = due.webhook_id AND q.repository = due.repository
    RETURNING q.webhook_id AS webhook, q.repository, q.claim AS number, q.failures`,
};
const FIND = { name: "webhook_find_by_id", text: `SELECT ${WEBHOOK_COLUMNS} FROM webhooks WHERE id = $1` };
const NEXT = {
  name: "webhook_delivery_next",
  text: `SELECT d.id, d.event, d.queued_at AS "queuedAt", d.attempts FROM webhook_deliveries d
    WHERE d.webhook_id = $1 AND d.repository = $2 AND d.state = 'waiting'
      AND EXISTS (SELECT FROM webhook_queues q WHERE q.webhook_id = $1 AND q.repository = $2 AND q.claim = $3)
    ORDER BY d.id LIMIT 1`,
};
const LOCK_QUEUE = {
  name: "webhook_queue_lock",
  text: "SELECT FROM webhook_queues WHERE webhook_id = $1 AND repository = $2 AND claim = $3 FOR UPDATE",
};
const END = {
  name: "webhook_delivery_end",
  text: `UPDATE webhook_deliveries SET state = 'delivered', ended_at = $2, attempted_at = $2, attempts = attempts + 1,
      outcome = $3 WHERE id = $1 AND state = 'waiting'`,
};
const NOTE = {
  name: "webhook_delivery_note",
  text: "UPDATE webhook_deliveries SET attempted_at = $2, attempts = attempts + 1, outcome = $3 WHERE id = $1",
};
const BURY = {
  name: "webhook_deliveries_bury",
  text: `UPDATE webhook_deliveries SET state = 'dead', ended_at = $3
    WHERE webhook_id = $1 AND repository = $2 AND state = 'waiting' AND queued_at <= $4 RETURNING 1`,
};
const HOLD = {
  name: "webhook_queue_hold",
  text: "UPDATE webhook_queues SET leased_until = $3, failures = 0 WHERE webhook_id = $1 AND repository = $2",
};
const REST = {
  name: "webhook_queue_rest",
  text: `UPDATE webhook_queues SET leased_until = NULL, failures = failures + 1, due_at = $3
    WHERE webhook_id = $1 AND repository = $2`,
};
const IS_EMPTY = {
  name: "webhook_queue_is_empty",
  text: `SELECT NOT EXISTS (SELECT FROM webhook_deliveries
      WHERE webhook_id = $1 AND repository = $2 AND state = 'waiting') AS empty`,
};
const CLOSE = {
  name: "webhook_queue_close",
  text: "DELETE FROM webhook_queues WHERE webhook_id = $1 AND repository = $2",
};
const GIVE_BACK = {
  name: "webhook_queue_give_back",
  text: "UPDATE webhook_queues SET leased_until = NULL, due_at = $3 WHERE webhook_id = $1 AND repository = $2",
};

type CursorRow = Pick<WebhookRow, "id" | "detail_types" | "repository_prefix"> & {
  readonly registry_id: RegistryId;
  readonly xid: string;
  readonly cursor_id: number;
  readonly cursor_skip: number;
  readonly account_id: string;
  readonly region: string;
};

/** The queues of deliveries in Postgres. */
export function postgresDeliveryQueues(database: Database): DeliveryQueues {
  /** Work on a queue whose claim is good and stays so until it ends. */
  const holding = <T>(claim: Claim, lost: T, work: (tx: Transaction, own: string[]) => Promise<T>) =>
    database.transaction(async (tx) => {
      const { webhook, repository, number } = claim;
      const found = await tx.query(LOCK_QUEUE, [webhook, repository, number]);
      return found.length === 0 ? lost : work(tx, [webhook, repository]);
    });
  return {
    async behind(waitingMax, limit) {
      return idsOf(await database.run<{ id: string }>(BEHIND, [waitingMax, limit]));
    },
    // Who may meet: two nodes that go through the events for one webhook. The second finds the row locked, and leaves it.
    queue: (webhook, limit, at) =>
      database.transaction(async (tx) => {
        const [row] = await tx.query<CursorRow>(LOCK_CURSOR, [webhook]);
        return row === undefined ? "done" : queueNext(tx, row, limit, at);
      }),
    async due(at) {
      return idsOf(await database.run<{ id: string }>(DUE, [at]));
    },
    // Who may meet: two nodes that look for work. Each takes what the other has not locked, and a claim lasts.
    claim: (webhook, limit, at, leasedUntil) => database.run<Claim>(CLAIM, [webhook, limit, at, leasedUntil]),
    async webhook(id) {
      const [row] = await database.run<WebhookRow>(FIND, [id]);
      return row && toWebhook(row);
    },
    async next({ webhook, repository, number }) {
      return (await database.run<Delivery>(NEXT, [webhook, repository, number]))[0];
    },
    keepDelivered: (claim, { id }, outcome, at, leasedUntil) =>
      holding(claim, false, async (tx, own) => {
        await tx.query(END, [id, at, outcome]);
        await tx.query(HOLD, [...own, leasedUntil]);
        return true;
      }),
    keepFailed: (claim, { id }, { outcome, deadBefore, dueAt }, at) =>
      holding(claim, 0, async (tx, own) => {
        await tx.query(NOTE, [id, at, outcome]);
        await tx.query(REST, [...own, dueAt]);
        return (await tx.query(BURY, [...own, at, deadBefore])).length;
      }),
    // Who may meet: whoever gives a queue back, and a transaction that adds to it or replays. Both lock its row: the one
    // waits for the other, and only then the next statement looks whether something waits.
    async release(claim, at) {
      await holding(claim, undefined, async (tx, own) => {
        const [row] = await tx.query<{ empty: boolean }>(IS_EMPTY, own);
        if (row?.empty === true) await tx.query(CLOSE, own);
        else await tx.query(GIVE_BACK, [...own, at]);
        return undefined;
      });
    },
  };
}

async function queueNext(tx: Transaction, row: CursorRow, limit: number, at: Date): Promise<"more" | "done"> {
  const scope = { id: row.registry_id, account: row.account_id, region: row.region };
  const from: Position = { xid: row.xid, id: row.cursor_id, skip: row.cursor_skip };
  const { events, next, isMore } = await readPage(
    postgresChangeReader({ run: tx.query }),
    scope,
    from,
    limit,
    new Date(0),
  );
  const filter = { detailTypes: row.detail_types, repositoryPrefix: row.repository_prefix };
  const wanted = events.filter((event) => isWanted(filter, event));
  if (wanted.length > 0) {
    const repositories = wanted.map(({ repository }) => repository ?? "");
    await tx.query(ADD, [row.id, repositories, wanted.map(textOf), at]);
    await tx.query(OPEN, [row.id, repositories, at]);
  }
  await tx.query(MOVE_CURSOR, [row.id, next.xid, next.id, next.skip]);
  return isMore ? "more" : "done";
}

function textOf({ envelope }: ChangeEvent): string {
  return JSON.stringify(envelope);
}

function idsOf(rows: readonly { readonly id: string }[]): readonly string[] {
  return rows.map(({ id }) => id);
}
