import type { DeliveryState, DeliveryStore, ShownDelivery } from "../../../events/webhooks/ports.ts";
import { recordChange } from "../audit/record.ts";
import type { Database } from "../database.ts";

const LIST = {
  name: "webhook_deliveries_list",
  text: `SELECT id, event, state, queued_at AS "queuedAt", attempts, attempted_at AS "attemptedAt", outcome
    FROM webhook_deliveries WHERE webhook_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3`,
};
const LIST_OF_STATE = {
  name: "webhook_deliveries_list_of_state",
  text: `SELECT id, event, state, queued_at AS "queuedAt", attempts, attempted_at AS "attemptedAt", outcome
    FROM webhook_deliveries WHERE webhook_id = $1 AND id < $2 AND state = $4 ORDER BY id DESC LIMIT $3`,
};
const REVIVE = {
  name: "webhook_deliveries_revive",
  text: `UPDATE webhook_deliveries SET state = 'waiting', ended_at = NULL, queued_at = $3, attempts = 0
    WHERE id IN (SELECT id FROM webhook_deliveries
      WHERE webhook_id = $1 AND state = 'dead' AND ($2::bigint[] IS NULL OR id = ANY ($2))
      ORDER BY id LIMIT $4 FOR UPDATE) RETURNING repository`,
};
const WAKE = {
  name: "webhook_queues_wake",
  text: `INSERT INTO webhook_queues (webhook_id, repository, due_at)
    SELECT DISTINCT $1, repository, $3::timestamptz FROM unnest($2::text[]) AS repository ORDER BY repository
    ON CONFLICT (webhook_id, repository) DO UPDATE SET due_at = EXCLUDED.due_at, failures = 0`,
};
const LOCK = {
  name: "webhook_share",
  text: "SELECT FROM webhooks WHERE id = $1 FOR NO KEY UPDATE",
};
const TRIM = {
  name: "webhook_deliveries_trim",
  text: `DELETE FROM webhook_deliveries WHERE id IN (
      (SELECT id FROM webhook_deliveries WHERE state = 'delivered' AND ended_at < $1 ORDER BY ended_at LIMIT $3)
      UNION ALL
      (SELECT id FROM webhook_deliveries WHERE state = 'dead' AND ended_at < $2 ORDER BY ended_at LIMIT $3)
      LIMIT $3) RETURNING 1`,
};
const FIGURES = {
  name: "webhook_deliveries_figures",
  text: `SELECT (SELECT count(*) FROM webhook_deliveries WHERE state = 'waiting') AS waiting,
      (SELECT count(*) FROM webhook_deliveries WHERE state = 'dead') AS dead,
      (SELECT min(queued_at) FROM webhook_deliveries WHERE state = 'waiting') AS oldest`,
};

type Row = Omit<ShownDelivery, "attemptedAt" | "outcome"> & {
  readonly state: DeliveryState;
  readonly attemptedAt: Date | null;
  readonly outcome: string | null;
};

/** Deliveries in Postgres, as people look at them. */
export function postgresDeliveries(database: Database): DeliveryStore {
  return {
    async list(webhook, { state, before, limit }) {
      const rows =
        state === undefined
          ? await database.run<Row>(LIST, [webhook, before, limit])
          : await database.run<Row>(LIST_OF_STATE, [webhook, before, limit, state]);
      return rows.map(({ attemptedAt, outcome, ...row }) => ({
        ...row,
        attemptedAt: attemptedAt ?? undefined,
        outcome: outcome ?? undefined,
      }));
    },
    // Who may meet: a replay and whoever gives a queue back because nothing waits in it. The queue's row is locked by
    // both; whoever gives it back looks once more when it has it, and leaves a row that a replay made anew.
    replay: (webhook, { ids, limit }, cause, at) =>
      database.transaction(async (tx) => {
        await tx.query(LOCK, [webhook]);
        const revived = await tx.query<{ repository: string }>(REVIVE, [webhook, ids ?? null, at, limit]);
        if (revived.length === 0) return 0;
        await tx.query(WAKE, [webhook, revived.map(({ repository }) => repository), at]);
        await recordChange(tx, cause, at, { webhook: { id: webhook, replayed: revived.length } });
        return revived.length;
      }),
    async trim(deliveredBefore, deadBefore, limit) {
      return (await database.run(TRIM, [deliveredBefore, deadBefore, limit])).length;
    },
    async figures() {
      type Figures = { waiting: number; dead: number; oldest: Date | null };
      const [row] = await database.run<Figures>(FIGURES, []);
      return { waiting: row?.waiting ?? 0, dead: row?.dead ?? 0, oldest: row?.oldest ?? undefined };
    },
  };
}
