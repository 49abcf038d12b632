import type { ClientBase } from "pg";
import { MANIFEST } from "../content.ts";

const INDEX = "application/vnd.oci.image.index.v1+json";

/** A registry by its names. */
interface Place {
  readonly account: string;
  readonly region: string;
}

/**
 * Makes a repository as pushes would have left it long ago: nothing waits for a worker, and statistics are fresh. Of 20
 * images one is an index of the three before it, the others have a config each and a layer together.
 * Of ten images nine have a tag of their own (`v000001`, …), half were pulled. Manifests are real, their blobs have no bytes.
 */
export async function fillRepository(
  client: ClientBase,
  place: Place,
  name: string,
  images: number,
): Promise<void> {
  await client.query("BEGIN");
  const registry = await registryOf(client, place);
  const { rows } = await client.query(
    "INSERT INTO repositories (registry_id, name, created_at) VALUES ($1::bigint, $2, now()) RETURNING id",
    [registry, name],
  );
  const repository: string = rows[0].id;
  await client.query(CONTENT.replace(/:IMAGES/g, String(images)));
  await client.query("ANALYZE content");
  for (const statement of BLOBS) await client.query(statement, [registry]);
  for (const statement of IMAGES) await client.query(statement, [repository]);
  await settle(client);
}

/** Makes repositories `PREFIX/000001`, … without anything in them. */
export async function fillRegistry(
  client: ClientBase,
  place: Place,
  prefix: string,
  repositories: number,
): Promise<void> {
  await client.query("BEGIN");
  const registry = await registryOf(client, place);
  await client.query(
    `INSERT INTO repositories (registry_id, name, created_at)
      SELECT $1::bigint, $2 || '/' || lpad(n::text, 6, '0'), now() FROM generate_series(1, $3::integer) AS n`,
    [registry, prefix, repositories],
  );
  await settle(client);
}

async function registryOf(client: ClientBase, { account, region }: Place): Promise<string> {
  await client.query("INSERT INTO accounts (id, created_at) VALUES ($1, now()) ON CONFLICT DO NOTHING", [
    account,
  ]);
  const { rows } = await client.query(
    `INSERT INTO registries (account_id, region) VALUES ($1, $2)
      ON CONFLICT (account_id, region) DO UPDATE SET region = EXCLUDED.region RETURNING id`,
    [account, region],
  );
  return rows[0].id;
}

async function settle(client: ClientBase): Promise<void> {
  await client.query("DELETE FROM gc_link_queue");
  await client.query("DELETE FROM gc_manifest_queue");
  await client.query("COMMIT");
  await client.query("VACUUM ANALYZE");
}

/** SQL: a descriptor of the manifest, out of its digest's hash and its size. */
function descriptor(mediaType: string, hash: string, size: string): string {
  return `'{"mediaType":"${mediaType}","digest":"sha256:' || encode(${hash}, 'hex') || '","size":' || ${size} || '}'`;
}

const LAYER = "application/vnd.oci.image.layer.v1.tar+gzip";
const CONTENT = `CREATE TEMPORARY TABLE content ON COMMIT DROP AS
  WITH made AS (
    SELECT n, sha256(('config ' || n)::bytea) AS config, sha256(('layer ' || n / 20)::bytea) AS layer
    FROM generate_series(1, :IMAGES) AS n WHERE n % 20 <> 0),
  written AS (
    SELECT *, convert_to('{"schemaVersion":2,"mediaType":"${MANIFEST}","config":'
      || ${descriptor("application/vnd.oci.image.config.v1+json", "config", "1000")} || ',"layers":['
      || ${descriptor(LAYER, "layer", "30000000")} || ']}', 'UTF8') AS payload
    FROM made),
  images AS (SELECT *, sha256(payload) AS hash FROM written),
  listed AS (
    SELECT (n / 20 + 1) * 20 AS n, convert_to('{"schemaVersion":2,"mediaType":"${INDEX}","manifests":['
      || string_agg(${descriptor(MANIFEST, "hash", "length(payload)")}, ',' ORDER BY n) || ']}', 'UTF8') AS payload
    FROM images WHERE n % 20 > 16 GROUP BY n / 20)
  SELECT n, NULL::bigint AS id, '\\x01'::bytea || config AS config, '\\x01'::bytea || layer AS layer,
    payload, '\\x01'::bytea || hash AS digest FROM images
  UNION ALL SELECT n, NULL, NULL, NULL, payload, '\\x01'::bytea || sha256(payload) FROM listed WHERE n <= :IMAGES`;

const BLOBS = [
  `INSERT INTO blobs (registry_id, digest, size, created_at)
    SELECT $1::bigint, config, 1000, now() FROM content WHERE config IS NOT NULL
    UNION ALL SELECT DISTINCT $1::bigint, layer, 30000000, now() FROM content WHERE config IS NOT NULL
    ON CONFLICT (registry_id, digest, encryption_key) DO NOTHING`,
  `INSERT INTO objects (blob_id, store, key, created_at)
    SELECT id, 'filesystem', 'filled/' || id, now() FROM blobs b
    WHERE registry_id = $1 AND NOT EXISTS (SELECT FROM objects o WHERE o.blob_id = b.id)`,
];

const IMAGES = [
  `INSERT INTO repository_blobs (repository_id, blob_id, linked_at)
    SELECT r.id, b.id, now() FROM repositories r JOIN blobs b ON b.registry_id = r.registry_id
    WHERE r.id = $1 AND b.digest IN (
      SELECT config FROM content UNION SELECT layer FROM content)`,
  `INSERT INTO manifests (repository_id, digest, media_type, artifact_type, size, payload, pushed_at, pushed_by, content_size)
    SELECT $1::bigint, digest, CASE WHEN config IS NULL THEN '${INDEX}' ELSE '${MANIFEST}' END,
      CASE WHEN config IS NOT NULL THEN 'application/vnd.oci.image.config.v1+json' END, length(payload), payload,
      now() - make_interval(mins => 200000 - n), 'arn:aws:iam::000000000000:user/filled', 30001000
    FROM content ORDER BY n`,
  "UPDATE content SET id = m.id FROM manifests m WHERE m.repository_id = $1 AND m.digest = content.digest",
  `INSERT INTO manifest_blobs (repository_id, manifest_id, position, digest, blob_id)
    SELECT r.id, c.id, e.position, e.digest, b.id FROM repositories r CROSS JOIN content c
    CROSS JOIN LATERAL (VALUES (0, c.config), (1, c.layer)) AS e (position, digest)
    JOIN blobs b ON b.registry_id = r.registry_id AND b.digest = e.digest WHERE r.id = $1`,
  `INSERT INTO manifest_children (repository_id, manifest_id, position, digest, child_id, is_manifest)
    SELECT $1::bigint, i.id, 3 - back, c.digest, c.id, true FROM content i
    CROSS JOIN generate_series(1, 3) AS back JOIN content c ON c.n = i.n - back WHERE i.config IS NULL`,
  `INSERT INTO tags (repository_id, name, manifest_id, revision, updated_at)
    SELECT $1::bigint, 'v' || lpad(n::text, 6, '0'), id, nextval('tag_revisions'), now() FROM content WHERE n % 10 <> 7`,
  `INSERT INTO tag_history (repository_id, name, revision, digest, changed_at, changed_by)
    SELECT $1::bigint, name, revision, c.digest, now(), 'arn:aws:iam::000000000000:user/filled'
    FROM tags t JOIN content c ON c.id = t.manifest_id WHERE t.repository_id = $1`,
  `INSERT INTO image_pulls (repository_id, manifest_id, pulled_at)
    SELECT $1::bigint, id, now() FROM content WHERE n % 2 = 0`,
];
