import { type Digest, digestFromBytes, digestToBytes } from "../../registry/digest.ts";
import type { RepositoryName } from "../../registry/names.ts";
import type { BlobLookup, BlobPlace, BlobRemoval, BlobStore } from "../../registry/ports/index.ts";
import type { RegistryId } from "../../registry/scope.ts";
import { changeRecord, recordChange } from "./audit/record.ts";
import { BatchedReads, keysFrom } from "./batched-reads.ts";
import { type ConfirmedLinks, linkTo } from "./confirmed-links.ts";
import type { Database } from "./database.ts";
import { brokenForeignKey, repositoryDeleted } from "./errors.ts";

/** Manifests named in the refusal of a blob's deletion, at most. */
const REFERENCES_SHOWN = 20;

/** SQL of a look-up; `column` is one more of what is found, from a table that `join` adds. */
function finding(column = "", join = ""): string {
  return `SELECT q.at, o.* FROM ${keysFrom([
    { name: "registry_id", type: "bigint" },
    { name: "repository", type: "text" },
    { name: "digest", type: "bytea" },
  ])}
    JOIN LATERAL (SELECT id FROM repositories
      WHERE registry_id = q.registry_id AND name = q.repository AND deleted_at IS NULL LIMIT 1) r ON true
    LEFT JOIN LATERAL (SELECT b.size, o.key${column} FROM blobs b
      JOIN repository_blobs rb ON rb.repository_id = r.id AND rb.blob_id = b.id
      JOIN objects o ON o.blob_id = b.id AND o.state = 'present'${join}
      WHERE b.registry_id = q.registry_id AND b.digest = q.digest LIMIT 1) o ON true`;
}
const FIND = { name: "blob_find", text: finding() };
// A number is read many times faster than a time.
const FIND_WITH_GRACE = {
  name: "blob_find_with_grace",
  text: finding(
    ", date_part('epoch', g.since) * 1000 AS since",
    `
      LEFT JOIN gc_link_queue g ON g.repository_id = r.id AND g.blob_id = b.id`,
  ),
};
/** SQL: places where manifests of the repository `r` name the blob `b`, one of each kind at most. */
const PLACES = `(SELECT manifest_id, position, false AS is_entry FROM manifest_blobs
      WHERE repository_id = r.id AND blob_id = b.id LIMIT 1)
    UNION ALL (SELECT manifest_id, position, true AS is_entry FROM manifest_children
      WHERE repository_id = r.id AND blob_id = b.id LIMIT 1)`;
const FIND_NAMED = { name: "blob_find_named", text: finding(`, EXISTS (${PLACES}) AS is_named`) };
// A manifest comes once, however many of the blobs it names.
const FIND_PLACES = {
  name: "blob_find_places",
  text: `WITH places AS MATERIALIZED (
      SELECT q.at, r.id AS repository_id, p.* FROM repositories r
        CROSS JOIN unnest($3::bytea[]) WITH ORDINALITY AS q (digest, at)
        JOIN LATERAL (SELECT id FROM blobs WHERE registry_id = $1 AND digest = q.digest LIMIT 1) AS b ON true
        JOIN LATERAL (${PLACES} LIMIT 1) AS p ON true
        WHERE r.registry_id = $1 AND r.name = $2 AND r.deleted_at IS NULL)
    SELECT at, manifest_id, position, is_entry, NULL::bytea AS payload FROM places
    UNION ALL
    SELECT NULL, m.id, NULL, NULL, m.payload FROM (SELECT DISTINCT repository_id, manifest_id FROM places) AS p
      JOIN manifests m ON m.repository_id = p.repository_id AND m.id = p.manifest_id AND m.size <= $4`,
};
const FIND_REPOSITORIES = {
  name: "blob_find_repositories",
  text: `SELECT r.name FROM blobs b
    JOIN repository_blobs rb ON rb.blob_id = b.id
    JOIN repositories r ON r.id = rb.repository_id AND r.deleted_at IS NULL
    WHERE b.registry_id = $1 AND b.digest = $2
      AND (SELECT blob_mounting FROM registries WHERE id = $1) = 'ENABLED'
    ORDER BY rb.linked_at DESC LIMIT $3`,
};
// Who may meet there is said at the function. It is called for a registry whose setting allows it, and not at all otherwise.
const MOUNT = {
  name: "blob_mount",
  text: `SELECT m.outcome, m.repository_name, m.changed FROM registries g
      CROSS JOIN LATERAL mount_blob(g.id, $2, $3, $4, $5, $6::jsonb) AS m
    WHERE g.id = $1 AND g.blob_mounting = 'ENABLED'`,
};
const LOCK_FOR_UNLINK = {
  name: "blob_lock_for_unlink",
  text: `SELECT rb.repository_id, rb.blob_id FROM repositories r
    JOIN repository_blobs rb ON rb.repository_id = r.id
    JOIN blobs b ON b.id = rb.blob_id
    WHERE r.registry_id = $1 AND r.name = $2 AND r.deleted_at IS NULL AND b.registry_id = $1 AND b.digest = $3
    FOR UPDATE OF rb`,
};
const REFERENCES = {
  name: "blob_references",
  text: `SELECT DISTINCT m.digest FROM (
      SELECT manifest_id FROM manifest_blobs WHERE repository_id = $1 AND blob_id = $2
      UNION ALL SELECT manifest_id FROM manifest_children WHERE repository_id = $1 AND blob_id = $2) AS e
    JOIN manifests m ON m.repository_id = $1 AND m.id = e.manifest_id LIMIT ${REFERENCES_SHOWN}`,
};
const UNLINK = {
  name: "blob_unlink",
  text: "DELETE FROM repository_blobs WHERE repository_id = $1 AND blob_id = $2",
};

/** What `mount_blob` answers. */
interface MountRow {
  readonly outcome: "mounted" | "absent" | "repository deleted";
  readonly repository_name: string | null;
  readonly changed: boolean;
}

interface FoundRow {
  at: number;
  size: number | null;
  key: string | null;
}

/** With when (ms since 1970) the grace of the link began, where there is one that has begun. */
interface GraceRow extends FoundRow {
  since: number | null;
}

type Key = [RegistryId, RepositoryName, Buffer];

export function postgresBlobs(database: Database, confirmed: ConfirmedLinks): BlobStore {
  const found = new BatchedReads<Key, FoundRow>(database, FIND);
  const named = new BatchedReads<Key, FoundRow & { readonly is_named: boolean | null }>(database, FIND_NAMED);
  const foundWithGrace = new BatchedReads<Key, GraceRow>(database, FIND_WITH_GRACE);
  const find: BlobStore["find"] = async (scope, name, digest) =>
    toLookup(digest, await found.read(scope.id, name, digestToBytes(digest)));
  const unlink: BlobStore["unlink"] = ({ id: registryId }, name, digest, cause, at) =>
    database.transaction(async (tx): Promise<BlobRemoval> => {
      const [link] = await tx.query<{ repository_id: number; blob_id: number }>(LOCK_FOR_UNLINK, [
        registryId,
        name,
        digestToBytes(digest),
      ]);
      if (link === undefined) return "unknown";
      const ids = [link.repository_id, link.blob_id];
      const references = await tx.query<{ digest: Buffer }>(REFERENCES, ids);
      if (references.length > 0)
        return { referencedBy: references.map((row) => digestFromBytes(row.digest)) };
      await tx.query(UNLINK, ids);
      await recordChange(tx, cause, at, { digest });
      return "removed";
    });
  return {
    find,
    async confirm(scope, name, digest, at) {
      const link = linkTo(scope.id, name, digest);
      if (confirmed.confirmKnown(link, at)) return find(scope, name, digest);
      const row = await foundWithGrace.read(scope.id, name, digestToBytes(digest));
      if (row === undefined || row.size === null) return toLookup(digest, row);
      return (await confirmed.confirm(link, row.since, at))
        ? toLookup(digest, row)
        : find(scope, name, digest);
    },
    async findNamed(scope, name, digest) {
      const row = await named.read(scope.id, name, digestToBytes(digest));
      const found = toLookup(digest, row);
      const blob = found.repository ? found.blob : undefined;
      return { repository: found.repository, blob, isNamed: row?.is_named === true };
    },
    async findPlaces(scope, name, digests, payloadMax) {
      const values = [scope.id, name, digests.map(digestToBytes), payloadMax];
      return toPlaces(digests, await database.read<PlaceRow>(FIND_PLACES, values));
    },
    async findRepositories({ id: registryId }, digest, limit) {
      const rows = await database.run<{ name: RepositoryName }>(FIND_REPOSITORIES, [
        registryId,
        digestToBytes(digest),
        limit,
      ]);
      return rows.map(({ name }) => name);
    },
    async mount({ id: registryId }, target, source, digest, cause, at) {
      const record = changeRecord(cause, at, { digest, from: source });
      const values = [registryId, target, source, digestToBytes(digest), at, record];
      const [row] = await database.run<MountRow>(MOUNT, values);
      if (row?.outcome === "repository deleted") throw repositoryDeleted(row.repository_name);
      return row?.outcome === "mounted" ? { isNew: row.changed } : undefined;
    },
    // Who may meet: the removal and a manifest PUT that names the blob. The foreign key decides; when the PUT commits
    // between our look and our delete, the second look finds its manifest and refuses.
    async unlink(...args) {
      try {
        return await unlink(...args);
      } catch (error) {
        if (brokenForeignKey(error) === undefined) throw error;
        return unlink(...args);
      }
    },
  };
}

/** A place of the digest `at`, counted from 1; or the payload of a manifest. */
type PlaceRow =
  | { at: number; manifest_id: number; position: number; is_entry: boolean; payload: null }
  | { at: null; manifest_id: number; payload: Buffer };

function toPlaces(digests: readonly Digest[], rows: readonly PlaceRow[]): ReadonlyMap<Digest, BlobPlace> {
  const payloads = new Map(rows.map(({ manifest_id, payload }) => [manifest_id, payload]));
  const places = new Map<Digest, BlobPlace>();
  for (const row of rows) {
    const digest = row.at === null ? undefined : digests[row.at - 1];
    const payload = payloads.get(row.manifest_id);
    if (row.at === null || digest === undefined || payload == null) continue;
    places.set(digest, { isEntry: row.is_entry, position: row.position, payload });
  }
  return places;
}

function toLookup(digest: Digest, row: FoundRow | undefined): BlobLookup {
  if (row === undefined) return { repository: false };
  if (row.size === null || row.key === null) return { repository: true, blob: undefined };
  return { repository: true, blob: { digest, size: row.size, key: row.key } };
}
