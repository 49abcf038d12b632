import type { ClientBase } from "pg";
import { fillRegistry, fillRepository } from "../bench/size/fill.ts";

/** The account and region of a Berth that was told of none. */
export const PLACE = { account: "000000000000", region: "us-east-1" };
/** The repository that is large. */
export const LARGE = "large/one";

/** Rows of each queue, and of whatever else grows with time. */
const ROWS = 10_000;

/**
 * A database in which most repositories are small and one is large, so that the average says nothing of it, and in which
 * everything waits that can wait.
 */
export async function fill(client: ClientBase): Promise<void> {
  await fillRepository(client, PLACE, LARGE, 9_000);
  await fillRegistry(client, PLACE, "small", 2_000);
  for (const statement of SMALL_REPOSITORIES) await client.query(statement);
  for (const statement of QUEUES) await client.query(statement);
  await client.query("ANALYZE");
}

const POLICY = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Deny", Principal: "*", Action: "ecr:DeleteRepositoryPolicy" }],
});
const SMALL_REPOSITORIES = [
  `INSERT INTO manifests (repository_id, digest, media_type, size, payload, pushed_at, pushed_by)
    SELECT r.id, '\\x01'::bytea || sha256((r.id || ' ' || n)::bytea), 'x/y', 0, '', now(), 'filled'
    FROM repositories r, generate_series(1, 5) AS n WHERE r.name LIKE 'small/%'`,
  `INSERT INTO tags (repository_id, name, manifest_id, revision, updated_at)
    SELECT m.repository_id, 't' || m.id, m.id, 1, now() FROM manifests m WHERE m.media_type = 'x/y'`,
  `INSERT INTO tag_history (repository_id, name, revision, changed_at, changed_by)
    SELECT repository_id, name, revision, now(), 'filled' FROM tags WHERE name LIKE 't%'`,
  `INSERT INTO image_pulls (repository_id, manifest_id, pulled_at)
    SELECT repository_id, id, now() FROM manifests WHERE media_type = 'x/y'`,
  `INSERT INTO manifest_children (repository_id, manifest_id, position, digest)
    SELECT repository_id, id, 0, digest FROM manifests WHERE media_type = 'x/y'`,
  `INSERT INTO manifest_blobs (repository_id, manifest_id, position, digest)
    SELECT repository_id, id, 0, digest FROM manifests WHERE media_type = 'x/y'`,
  `INSERT INTO repository_resource_tags (repository_id, key, value)
    SELECT id, 'team', 'x' FROM repositories`,
  `INSERT INTO repository_policies (repository_id, document, updated_at) SELECT id, '${POLICY}', now() FROM repositories`,
  `INSERT INTO lifecycle_policies (repository_id, document, updated_at, due_at)
    SELECT id, '{}', now(), now() FROM repositories`,
  `INSERT INTO lifecycle_previews (repository_id, preview_id, document, started_at, alive_until)
    SELECT id, gen_random_uuid(), '{}', now(), now() FROM repositories`,
  `INSERT INTO lifecycle_preview_results (repository_id, preview_id, position, manifest_id, digest, tags, pushed_at, action,
      rule_priority, storage_class, reason)
    SELECT repository_id, preview_id, n, n, '', '', now(), 'expire', 1, 'standard', ''
    FROM lifecycle_previews, generate_series(1, 5) AS n`,
];

const SERIES = `generate_series(1, ${ROWS}) AS n`;
const SINCE = "CASE WHEN random() < 0.5 THEN now() END";
const QUEUES = [
  `INSERT INTO gc_link_queue (repository_id, blob_id, since) SELECT repository_id, blob_id, ${SINCE} FROM repository_blobs`,
  `INSERT INTO gc_blob_queue (blob_id, since) SELECT id, ${SINCE} FROM blobs`,
  `INSERT INTO gc_manifest_queue (repository_id, manifest_id, since) SELECT repository_id, id, ${SINCE} FROM manifests
    ON CONFLICT DO NOTHING`,
  `INSERT INTO gc_referrer_queue (repository_id, manifest_id, since) SELECT repository_id, id, ${SINCE} FROM manifests`,
  `INSERT INTO object_deletions (store, key, not_before) SELECT 'filesystem', n, now() FROM ${SERIES}`,
  `INSERT INTO uploads (id, repository_id, principal, algorithm, created_at, active_at)
    SELECT gen_random_uuid(), r.id, 'p' || r.id % 100, 'sha256', now(), now()
    FROM repositories r, generate_series(1, 5)`,
  `INSERT INTO outbox (registry_id, kind, detail, created_at)
    SELECT r.id, 'image.put', '{"repository": "large/one"}', now() FROM registries r, ${SERIES}`,
  `INSERT INTO audit_log (at, request_id, account_id, principal, action, resource, source_ip, user_agent, decision, detail)
    SELECT now() + make_interval(secs => n), n, '000000000000', 'p', 'a', 'r', '::1', '',
      CASE WHEN n % 10 = 0 THEN 'denied' ELSE 'allowed' END, '{}' FROM ${SERIES}`,
  `INSERT INTO webhooks (id, registry_id, url, detail_types, repository_prefix, secret_ciphertext, master_key_id, cursor_xid,
      cursor_id, cursor_skip, created_at)
    SELECT 'webhook' || n, r.id, 'https://example.com', '{}', '', '', '', '0', 0, 0, now()
    FROM registries r, generate_series(1, 10) AS n`,
  `INSERT INTO webhook_deliveries (webhook_id, repository, event, state, queued_at, ended_at)
    SELECT w.id, 'small/' || n, '{}', state, now(), CASE WHEN state <> 'waiting' THEN now() END
    FROM webhooks w, generate_series(1, 500) AS n, unnest('{waiting,delivered,dead}'::text[]) AS state`,
  `INSERT INTO webhook_queues (webhook_id, repository, due_at)
    SELECT w.id, 'small/' || n, now() FROM webhooks w, generate_series(1, 500) AS n`,
];
