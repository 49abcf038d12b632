import { type Digest, digestFromBytes, digestToBytes } from "../../registry/digest.ts";
import type {
  BegunAttempt,
  BlobStorage,
  UploadAddress,
  UploadContent,
  UploadParts,
  UploadSession,
  UploadStore,
} from "../../registry/ports/index.ts";
import { commitUpload } from "./commit-upload.ts";
import type { Database } from "./database.ts";
import { brokenForeignKey } from "./errors.ts";
import { queueDeletions } from "./object-deletions.ts";
import type { Transaction } from "./transaction.ts";

interface Row {
  id: string;
  repository_id: UploadSession["repositoryId"];
  registry_id: UploadSession["registryId"];
  principal: string;
  algorithm: UploadSession["algorithm"];
  version: number;
  size: number;
  digest: Buffer | null;
  content: UploadContent | null;
  parts: UploadParts | null;
  attempt_key: string | null;
  reserved_part: number;
}

/** A repository without the session that was looked for. */
interface NoRow {
  id: null;
}

interface CreatedRow {
  repository_id: UploadSession["repositoryId"];
  created: boolean;
}

// Sessions need not survive a database crash: the commit of the blob is what waits for the disk.
const ASYNC = "relaxed AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true) AS set)";
const COLUMNS =
  "u.id, u.repository_id, r.registry_id, u.principal, u.algorithm, u.version, u.size, u.digest, u.content, u.parts, u.attempt_key, u.reserved_part";

const ADDRESSED = `uploads u JOIN repositories r ON r.id = u.repository_id
        AND r.registry_id = $1 AND r.name = $2 AND r.deleted_at IS NULL`;

const CREATE = {
  name: "upload_create",
  text: `WITH ${ASYNC},
    repository AS (
      SELECT id FROM repositories WHERE registry_id = $1 AND name = $2 AND deleted_at IS NULL),
    created AS (
      INSERT INTO uploads (id, repository_id, principal, algorithm, version, attempt_key, created_at, active_at)
      SELECT $3, r.id, $4, $5, CASE WHEN $6::text IS NULL THEN 0 ELSE 1 END, $6, $7, $7
        FROM relaxed, repository r WHERE set IS NOT NULL
          AND (SELECT count(*) FROM (
            SELECT 1 FROM uploads WHERE principal BETWEEN $9 AND $10 LIMIT $8) AS open) < $8
      RETURNING repository_id)
    SELECT r.id AS repository_id, c.repository_id IS NOT NULL AS created
      FROM repository r LEFT JOIN created c ON true`,
};
const FIND = {
  name: "upload_find",
  text: `SELECT ${COLUMNS} FROM repositories r
    LEFT JOIN uploads u ON u.repository_id = r.id AND u.id = $3 AND u.principal = $4
    WHERE r.registry_id = $1 AND r.name = $2 AND r.deleted_at IS NULL`,
};
// The key of an attempt that never ended is queued here: its writer may be alive, so it is not reused.
const BEGIN = {
  name: "upload_begin",
  text: `WITH ${ASYNC},
    before AS (
      SELECT ${COLUMNS} FROM ${ADDRESSED}, relaxed
      WHERE u.id = $3 AND u.principal = $4 AND set IS NOT NULL AND ($6::bigint IS NULL OR u.size = $6) FOR UPDATE OF u),
    bumped AS (
      UPDATE uploads SET version = before.version + 1, attempt_key = $5, active_at = $7
      FROM before WHERE uploads.id = before.id),
    orphaned AS (
      INSERT INTO object_deletions (store, key, not_before)
      SELECT $8, attempt_key, $9 FROM before WHERE attempt_key IS NOT NULL
        AND attempt_key IS DISTINCT FROM content->>'key' ON CONFLICT DO NOTHING)
    SELECT * FROM before`,
};
const RESERVE = {
  name: "upload_reserve",
  text: `WITH ${ASYNC}
    UPDATE uploads SET reserved_part = greatest(reserved_part, $3), active_at = $4 FROM relaxed
    WHERE id = $1 AND version = $2 AND set IS NOT NULL RETURNING id`,
};
const CONFIRM = {
  name: "upload_confirm",
  text: `WITH ${ASYNC},
    confirmed AS (
      UPDATE uploads u SET content = $3, size = $4, digest = $5, attempt_key = NULL, active_at = $6,
        parts = coalesce($10, u.parts)
      FROM relaxed, repositories r
      WHERE u.id = $1 AND u.version = $2 AND r.id = u.repository_id AND r.deleted_at IS NULL AND set IS NOT NULL
      RETURNING u.id),
    replaced AS (
      INSERT INTO object_deletions (store, key, not_before)
      SELECT $7, key, $8 FROM confirmed, unnest($9::text[]) AS key ON CONFLICT DO NOTHING)
    SELECT id FROM confirmed`,
};
const RELEASE = {
  name: "upload_release",
  text: `WITH ${ASYNC},
    released AS (
      UPDATE uploads SET attempt_key = CASE WHEN $7 THEN attempt_key END, active_at = $3 FROM relaxed
      WHERE id = $1 AND version = $2 AND set IS NOT NULL RETURNING id)
    INSERT INTO object_deletions (store, key, not_before)
    SELECT $4, key, $5 FROM released, unnest($6::text[]) AS key ON CONFLICT DO NOTHING`,
};
const COMPLETED = {
  name: "upload_completed",
  text: `SELECT 1 FROM repositories r
    JOIN blobs b ON b.registry_id = r.registry_id AND b.digest = $3
    JOIN repository_blobs l ON l.repository_id = r.id AND l.blob_id = b.id AND l.upload_id = $4
    JOIN objects o ON o.blob_id = b.id AND o.state = 'present'
    WHERE r.registry_id = $1 AND r.name = $2 AND r.deleted_at IS NULL LIMIT 1`,
};
const REMOVE = {
  name: "upload_remove",
  text: `DELETE FROM uploads WHERE id = (SELECT u.id FROM ${ADDRESSED} WHERE u.id = $3 AND u.principal = $4)
      AND ($5::integer IS NULL OR version = $5)
    RETURNING content, attempt_key, repository_id`,
};
const EXPIRE = {
  name: "upload_expire",
  text: `DELETE FROM uploads WHERE id IN (
      SELECT id FROM uploads WHERE active_at < $1 ORDER BY active_at LIMIT $2 FOR UPDATE SKIP LOCKED)
    RETURNING content, attempt_key`,
};

/** `deletionGrace`: milliseconds before a key that nothing needs is removed from storage. */
export function postgresUploads(
  database: Database,
  storage: Pick<BlobStorage, "name" | "keysOf">,
  deletionGrace: number,
): UploadStore {
  const deleteAt = (at: Date): Date => new Date(at.getTime() + deletionGrace);
  const queueRemoved = async (
    tx: Transaction,
    rows: readonly Pick<Row, "content" | "attempt_key">[],
    at: Date,
  ): Promise<void> => {
    const keys = rows.flatMap(({ content, attempt_key }) => [
      ...(content === null ? [] : storage.keysOf(content)),
      ...(attempt_key === null ? [] : [attempt_key]),
    ]);
    await queueDeletions(tx, storage.name, [...new Set(keys)], deleteAt(at));
  };
  return {
    async create(upload) {
      const { algorithm, attemptKey, at, quota } = upload;
      const { from, to } = quota.principals;
      const values = [...addressValues(upload), algorithm, attemptKey ?? null, at, quota.max, from, to];
      const creating = database.run<CreatedRow>(CREATE, values).catch((error: unknown) => {
        // The repository was deleted, and purged, while the insert waited for its row.
        if (brokenForeignKey(error) === undefined) throw error;
        return [];
      });
      const [row] = await creating;
      if (row === undefined) return { created: false, because: "repository unknown" };
      return row.created
        ? { created: true, repositoryId: row.repository_id }
        : { created: false, because: "full" };
    },
    async find(address) {
      const [row] = await database.read<Row | NoRow>(FIND, addressValues(address));
      if (row === undefined) return { repository: false };
      return { repository: true, session: row.id === null ? undefined : toSession(row) };
    },
    async begin(address, attempt): Promise<BegunAttempt | undefined> {
      const [row] = await database.run<Row>(BEGIN, [
        ...addressValues(address),
        ...[attempt.key, attempt.expectedSize ?? null, attempt.at],
        ...[storage.name, deleteAt(attempt.at)],
      ]);
      if (row === undefined) return undefined;
      return {
        ...toSession(row),
        version: row.version + 1,
        writing: true,
        takeover: row.attempt_key !== null,
        firstPart: row.reserved_part + 1,
      };
    },
    async reserve(id, version, part, at) {
      return (await database.run(RESERVE, [id, version, part, at])).length > 0;
    },
    async confirm(id, version, { content, digest, garbage, parts, at }) {
      const rows = await database.run(CONFIRM, [
        ...[id, version, JSON.stringify(content), content.size],
        ...[digest === undefined ? null : digestToBytes(digest), at],
        ...[storage.name, deleteAt(at), garbage, parts === undefined ? null : JSON.stringify(parts)],
      ]);
      return rows.length > 0;
    },
    async release(id, version, { takeover, garbage, at }) {
      await database.run(RELEASE, [id, version, at, storage.name, deleteAt(at), garbage, takeover]);
    },
    commit: (upload) => commitUpload(database, storage.name, deleteAt(upload.at), upload),
    async wasCompleted({ scope, name, id }, digest) {
      const values = [scope.id, name, digestToBytes(digest), id];
      return (await database.run(COMPLETED, values)).length > 0;
    },
    cancel: (address, at, version) =>
      database.transaction(async (tx) => {
        const rows = await tx.query<Row>(REMOVE, [...addressValues(address), version ?? null]);
        await queueRemoved(tx, rows, at);
        return rows[0]?.repository_id;
      }),
    expire: (before, limit, at) =>
      database.transaction(async (tx) => {
        const rows = await tx.query<Row>(EXPIRE, [before, limit]);
        await queueRemoved(tx, rows, at);
        return rows.length;
      }),
  };
}

function addressValues(address: UploadAddress): readonly unknown[] {
  return [address.scope.id, address.name, address.id, address.principal];
}

function toSession(row: Row): UploadSession {
  return {
    id: row.id,
    repositoryId: row.repository_id,
    registryId: row.registry_id,
    principal: row.principal,
    algorithm: row.algorithm,
    version: row.version,
    size: row.size,
    digest: row.digest === null ? undefined : (digestFromBytes(row.digest) as Digest),
    content: row.content ?? undefined,
    parts: row.parts ?? undefined,
    writing: row.attempt_key !== null,
  };
}
