import { type Digest, digestFromBytes, digestToBytes } from "../../registry/digest.ts";
import { RegistryError } from "../../registry/errors.ts";
import type {
  BegunAttempt,
  BlobStorage,
  UploadAddress,
  UploadContent,
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
  attempt_key: string | null;
  reserved_part: number;
}

// Sessions need not survive a database crash: the commit of the blob is what waits for the disk.
const ASYNC = "relaxed AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true) AS set)";
const COLUMNS =
  "u.id, u.repository_id, r.registry_id, u.principal, u.algorithm, u.version, u.size, u.digest, u.content, u.attempt_key, u.reserved_part";

const CREATE = {
  name: "upload_create",
  text: `WITH ${ASYNC}
    INSERT INTO uploads (id, repository_id, principal, algorithm, version, attempt_key, created_at, active_at)
    SELECT $1, r.id, $3, $4, CASE WHEN $5::text IS NULL THEN 0 ELSE 1 END, $5, $6, $6
      FROM relaxed, repositories r
      WHERE r.id = $2 AND r.deleted_at IS NULL AND set IS NOT NULL
        AND (SELECT count(*) FROM (SELECT 1 FROM uploads WHERE principal = $3 LIMIT $7) AS open) < $7
    RETURNING id`,
};
const REPOSITORY_LIVES = {
  name: "upload_repository_lives",
  text: "SELECT 1 FROM repositories WHERE id = $1 AND deleted_at IS NULL",
};
const FIND = {
  name: "upload_find",
  text: `SELECT ${COLUMNS} FROM uploads u JOIN repositories r ON r.id = u.repository_id AND r.deleted_at IS NULL
    WHERE u.id = $1 AND u.repository_id = $2 AND u.principal = $3`,
};
// The key of an attempt that never ended is queued here: its writer may be alive, so it is not reused.
const BEGIN = {
  name: "upload_begin",
  text: `WITH ${ASYNC},
    before AS (
      SELECT ${COLUMNS} FROM uploads u JOIN repositories r ON r.id = u.repository_id AND r.deleted_at IS NULL, relaxed
      WHERE u.id = $1 AND u.repository_id = $2 AND u.principal = $3 AND set IS NOT NULL
        AND ($5::bigint IS NULL OR u.size = $5) FOR UPDATE OF u),
    bumped AS (
      UPDATE uploads SET version = before.version + 1, attempt_key = $4, active_at = $6
      FROM before WHERE uploads.id = before.id),
    orphaned AS (
      INSERT INTO object_deletions (store, key, not_before)
      SELECT $7, attempt_key, $8 FROM before WHERE attempt_key IS NOT NULL
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
      UPDATE uploads SET content = $3, size = $4, digest = $5, attempt_key = NULL, active_at = $6 FROM relaxed
      WHERE id = $1 AND version = $2 AND set IS NOT NULL RETURNING id),
    replaced AS (
      INSERT INTO object_deletions (store, key, not_before)
      SELECT $7, key, $8 FROM confirmed, unnest($9::text[]) AS key ON CONFLICT DO NOTHING)
    SELECT id FROM confirmed`,
};
const RELEASE = {
  name: "upload_release",
  text: `WITH ${ASYNC},
    released AS (
      UPDATE uploads SET attempt_key = NULL, active_at = $3 FROM relaxed
      WHERE id = $1 AND version = $2 AND set IS NOT NULL RETURNING id)
    INSERT INTO object_deletions (store, key, not_before)
    SELECT $4, key, $5 FROM released, unnest($6::text[]) AS key ON CONFLICT DO NOTHING`,
};
const REMOVE = {
  name: "upload_remove",
  text: `DELETE FROM uploads WHERE id = $1 AND repository_id = $2 AND principal = $3 RETURNING content, attempt_key`,
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
  const refuseDeleted = async (repositoryId: UploadSession["repositoryId"]): Promise<void> => {
    if ((await database.run(REPOSITORY_LIVES, [repositoryId])).length > 0) return;
    throw new RegistryError("NAME_UNKNOWN", "the repository was deleted while this push was under way");
  };
  return {
    async create(upload) {
      const { id, repositoryId, principal, algorithm, attemptKey, at, maxPerPrincipal } = upload;
      const inserting = database.run(CREATE, [
        ...[id, repositoryId, principal, algorithm],
        ...[attemptKey ?? null, at, maxPerPrincipal],
      ]);
      const created = await inserting.catch((error: unknown) => {
        // The repository was deleted, and purged, while the insert waited for its row.
        if (brokenForeignKey(error) === undefined) throw error;
        return [];
      });
      if (created.length > 0) return true;
      await refuseDeleted(repositoryId);
      return false;
    },
    async find(address) {
      const [row] = await database.read<Row>(FIND, addressValues(address));
      if (row !== undefined) return toSession(row);
      await refuseDeleted(address.repositoryId);
      return undefined;
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
    async confirm(id, version, { content, digest, garbage, at }) {
      const rows = await database.run(CONFIRM, [
        ...[id, version, JSON.stringify(content), content.size],
        ...[digest === undefined ? null : digestToBytes(digest), at],
        ...[storage.name, deleteAt(at), garbage],
      ]);
      return rows.length > 0;
    },
    async release(id, version, garbage, at) {
      await database.run(RELEASE, [id, version, at, storage.name, deleteAt(at), garbage]);
    },
    async commit(upload) {
      for (;;) {
        try {
          return await commitUpload(database, storage.name, deleteAt(upload.at), upload);
        } catch (error) {
          // The blob was collected between our look and our link: look again, and make it anew.
          if (brokenForeignKey(error) !== "repository_blobs_blob_id_fkey") throw error;
        }
      }
    },
    cancel: (address, at) =>
      database.transaction(async (tx) => {
        const rows = await tx.query<Row>(REMOVE, addressValues(address));
        await queueRemoved(tx, rows, at);
        return rows.length > 0;
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
  return [address.id, address.repositoryId, address.principal];
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
    writing: row.attempt_key !== null,
  };
}
