import type { WebhookStore } from "../../../events/webhooks/ports.ts";
import { WEBHOOKS_MAX } from "../../../events/webhooks/webhook.ts";
import { recordChange } from "../audit/record.ts";
import type { Database } from "../database.ts";
import { toWebhook, WEBHOOK_COLUMNS, type WebhookRow } from "./rows.ts";

const LOCK_REGISTRY = {
  name: "webhook_lock_registry",
  text: "SELECT FROM registries WHERE id = $1 FOR NO KEY UPDATE",
};
const COUNT = {
  name: "webhook_count",
  text: "SELECT count(*) AS webhooks FROM webhooks WHERE registry_id = $1",
};
// Whatever is under way at this moment may still be told; what has ended before is not.
const INSERT = {
  name: "webhook_insert",
  text: `INSERT INTO webhooks (id, registry_id, url, detail_types, repository_prefix, secret_ciphertext, master_key_id,
      created_at, cursor_xid, cursor_id, cursor_skip)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, pg_snapshot_xmin(pg_current_snapshot()), 0, 0)
    RETURNING ${WEBHOOK_COLUMNS}`,
};
const LIST = {
  name: "webhook_list",
  text: `SELECT ${WEBHOOK_COLUMNS} FROM webhooks WHERE registry_id = $1 ORDER BY created_at, id`,
};
const FIND = {
  name: "webhook_find",
  text: `SELECT ${WEBHOOK_COLUMNS} FROM webhooks WHERE registry_id = $1 AND id = $2`,
};
const LOCK = {
  name: "webhook_lock",
  text: "SELECT url FROM webhooks WHERE registry_id = $1 AND id = $2 FOR UPDATE",
};
// In the order in which a worker locks them.
const DELETES = ["webhook_queues", "webhook_deliveries"].map((table) => ({
  name: `${table}_delete`,
  text: `DELETE FROM ${table} WHERE webhook_id = $1`,
}));
const DELETE = { name: "webhook_delete", text: "DELETE FROM webhooks WHERE id = $1" };

/** Webhooks in Postgres. */
export function postgresWebhooks(database: Database): WebhookStore {
  return {
    // Who may meet: two that make webhooks of one registry. The second waits, and counts the first's.
    create: ({ id: registry }, { id, draft, secret }, cause, at) =>
      database.transaction(async (tx) => {
        await tx.query(LOCK_REGISTRY, [registry]);
        const [row] = await tx.query<{ webhooks: number }>(COUNT, [registry]);
        if ((row?.webhooks ?? 0) >= WEBHOOKS_MAX) return "too many";
        const { url, detailTypes, repositoryPrefix } = draft;
        const [made] = await tx.query<WebhookRow>(INSERT, [
          ...[id, registry, url, detailTypes, repositoryPrefix, secret.ciphertext, secret.masterKeyId, at],
        ]);
        if (made === undefined) throw new Error("a webhook was not inserted");
        await recordChange(tx, cause, at, {
          webhook: { id, host: hostOf(url), detailTypes, repositoryPrefix },
        });
        return toWebhook(made);
      }),
    async list(registry) {
      return (await database.run<WebhookRow>(LIST, [registry])).map(toWebhook);
    },
    async find(registry, id) {
      const [row] = await database.run<WebhookRow>(FIND, [registry, id]);
      return row && toWebhook(row);
    },
    // Who may meet: a deletion and a worker that delivers. What is on its way still arrives; the worker finds no queue.
    delete: (registry, id, cause, at) =>
      database.transaction(async (tx) => {
        const [row] = await tx.query<{ url: string }>(LOCK, [registry, id]);
        if (row === undefined) return false;
        for (const each of [...DELETES, DELETE]) await tx.query(each, [id]);
        await recordChange(tx, cause, at, { webhook: { id, host: hostOf(row.url) } });
        return true;
      }),
  };
}

/** What the audit log may have of a URL: its path may be a secret. */
function hostOf(url: string): string {
  return new URL(url).host;
}
