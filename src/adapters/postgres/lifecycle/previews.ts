import type { PreviewResult, PreviewStore, StoredPreview } from "../../../lifecycle/ports/preview-store.ts";
import { digestFromBytes, digestToBytes } from "../../../registry/digest.ts";
import type { RepositoryId } from "../../../registry/ports/index.ts";
import type { Database } from "../database.ts";
import { bytesBack } from "./preview-bytes.ts";
import { shareRepository } from "./share-repository.ts";
import { readSnapshot } from "./snapshot.ts";

/** Rows of an older preview that one statement removes. */
const SLICE = 5_000;

const STORED_TEXT = {
  name: "lifecycle_preview_stored_text",
  text: "SELECT document FROM lifecycle_policies WHERE repository_id = $1",
};
const BEGIN = {
  name: "lifecycle_preview_begin",
  text: `INSERT INTO lifecycle_previews AS p (repository_id, preview_id, document, started_at, alive_until)
      VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (repository_id) DO UPDATE SET preview_id = EXCLUDED.preview_id, document = EXCLUDED.document,
      status = 'IN_PROGRESS', started_at = EXCLUDED.started_at, alive_until = EXCLUDED.alive_until, has_results = true,
      expiring = 0, transitioning = 0, bytes = 0
    WHERE p.status <> 'IN_PROGRESS' OR p.alive_until <= $4 RETURNING 1`,
};
const FORGET_OLDER = {
  name: "lifecycle_preview_forget_older",
  text: `DELETE FROM lifecycle_preview_results WHERE ctid = ANY (ARRAY(
      SELECT ctid FROM lifecycle_preview_results WHERE repository_id = $1 AND preview_id <> $2
      ORDER BY preview_id, position LIMIT ${SLICE}))
    RETURNING 1`,
};
const ADD = {
  name: "lifecycle_preview_add",
  text: `WITH alive AS (
      UPDATE lifecycle_previews SET alive_until = $3 WHERE repository_id = $1 AND preview_id = $2 RETURNING 1),
    added AS (
      INSERT INTO lifecycle_preview_results (repository_id, preview_id, position, manifest_id, digest, tags, pushed_at,
        action, rule_priority, storage_class, reason)
      SELECT $1, $2, r.* FROM alive, unnest($4::integer[], $5::bigint[], $6::bytea[], $7::text[], $8::timestamptz[],
        $9::text[], $10::integer[], $11::text[], $12::text[]) AS r)
    SELECT 1 FROM alive`,
};
const FINISH = {
  name: "lifecycle_preview_finish",
  text: `UPDATE lifecycle_previews SET status = $3, expiring = $4, transitioning = $5, bytes = $6
    WHERE repository_id = $1 AND preview_id = $2`,
};
const FIND = {
  name: "lifecycle_preview_find",
  text: `SELECT r.id, p.preview_id, p.document, p.status, p.started_at, p.alive_until, p.expiring, p.transitioning, p.bytes
    FROM repositories r LEFT JOIN lifecycle_previews p ON p.repository_id = r.id
    WHERE r.registry_id = $1 AND r.name = $2 AND r.deleted_at IS NULL`,
};
const COLUMNS =
  "position, manifest_id, digest, tags, pushed_at, action, rule_priority, storage_class, reason";
const OF_PREVIEW = "repository_id = $1 AND preview_id = $2 AND ($3::boolean IS NULL OR (tags <> '') = $3)";
const PAGE = {
  name: "lifecycle_preview_page",
  text: `SELECT ${COLUMNS} FROM lifecycle_preview_results WHERE ${OF_PREVIEW} AND position > $4
    ORDER BY position LIMIT $5`,
};
const OF_IMAGES = {
  name: "lifecycle_preview_of_images",
  text: `SELECT ${COLUMNS} FROM lifecycle_preview_results WHERE ${OF_PREVIEW}
      AND (digest = ANY ($4) OR string_to_array(tags, ' ') && $5::text[])
    ORDER BY position`,
};
const TRIM_FIND = {
  name: "lifecycle_preview_trim_find",
  text: `SELECT repository_id FROM lifecycle_previews WHERE has_results AND started_at < $1
    ORDER BY started_at LIMIT 1 FOR UPDATE SKIP LOCKED`,
};
const TRIM = {
  name: "lifecycle_preview_trim",
  text: `DELETE FROM lifecycle_preview_results WHERE ctid = ANY (ARRAY(
      SELECT ctid FROM lifecycle_preview_results WHERE repository_id = $1 ORDER BY preview_id, position LIMIT $2))
    RETURNING 1`,
};
const TRIMMED = {
  name: "lifecycle_preview_trimmed",
  text: "UPDATE lifecycle_previews SET has_results = false WHERE repository_id = $1",
};

interface PreviewRow {
  readonly id: RepositoryId;
  readonly preview_id: string | null;
  readonly document: string;
  readonly status: StoredPreview["status"];
  readonly started_at: Date;
  readonly alive_until: Date;
  readonly expiring: number;
  readonly transitioning: number;
  readonly bytes: number;
}

interface ResultRow {
  readonly position: number;
  readonly manifest_id: number;
  readonly digest: Buffer;
  readonly tags: string;
  readonly pushed_at: Date;
  readonly action: PreviewResult["action"];
  readonly rule_priority: number;
  readonly storage_class: PreviewResult["storageClass"];
  readonly reason: string;
}

/** Previews of lifecycle policies in Postgres. */
export function postgresPreviews(database: Database): PreviewStore {
  return {
    // Who may meet: two starts of one repository's preview. The row orders them; the second one finds the first under way.
    async begin(scope, name, { previewId, text: given, at, until }) {
      const begun = await database.transaction(async (tx) => {
        const repositoryId = await shareRepository(tx, scope, name);
        if (repositoryId === undefined) return "unknown";
        const [stored] =
          given === undefined ? await tx.query<{ document: string }>(STORED_TEXT, [repositoryId]) : [];
        const text = given ?? stored?.document;
        if (text === undefined) return "no policy";
        const made = await tx.query(BEGIN, [repositoryId, previewId, text, at, until]);
        return made.length === 0 ? "under way" : { previewId, repositoryId, text };
      });
      if (typeof begun === "string") return begun;
      const key = [begun.repositoryId, previewId];
      while ((await database.run(FORGET_OLDER, key)).length === SLICE);
      return begun;
    },
    snapshot: (id) => readSnapshot(database, id),
    async add({ repositoryId, previewId }, results, until) {
      const added = await database.run(ADD, [repositoryId, previewId, until, ...columnsOf(results)]);
      return added.length > 0;
    },
    bytesBack: (preview, results) => bytesBack(database, preview, results),
    async finish({ repositoryId, previewId }, summary) {
      const { expiring, transitioning, bytes } = summary ?? { expiring: 0, transitioning: 0, bytes: 0 };
      const status = summary === undefined ? "FAILED" : "COMPLETE";
      await database.run(FINISH, [repositoryId, previewId, status, expiring, transitioning, bytes]);
    },
    async find(scope, name) {
      const [row] = await database.run<PreviewRow>(FIND, [scope.id, name]);
      return row === undefined ? "unknown" : toPreview(row);
    },
    async results({ repositoryId, previewId }, { tagged, after, limit }) {
      const values = [repositoryId, previewId, tagged ?? null, after, limit];
      return (await database.run<ResultRow>(PAGE, values)).map(toResult);
    },
    async resultsOf({ repositoryId, previewId }, { digests, tags, tagged }) {
      const values = [repositoryId, previewId, tagged ?? null, digests.map(digestToBytes), tags];
      return (await database.run<ResultRow>(OF_IMAGES, values)).map(toResult);
    },
    trim: (before, limit) =>
      database.transaction(async (tx) => {
        const [old] = await tx.query<{ repository_id: RepositoryId }>(TRIM_FIND, [before]);
        if (old === undefined) return 0;
        const removed = await tx.query(TRIM, [old.repository_id, limit]);
        if (removed.length < limit) await tx.query(TRIMMED, [old.repository_id]);
        return removed.length;
      }),
  };
}

function columnsOf(results: readonly PreviewResult[]): readonly unknown[] {
  return [
    results.map(({ position }) => position),
    results.map(({ manifestId }) => manifestId),
    results.map(({ digest }) => digestToBytes(digest)),
    results.map(({ tags }) => tags.join(" ")),
    results.map(({ pushedAt }) => pushedAt),
    results.map(({ action }) => action),
    results.map(({ rulePriority }) => rulePriority),
    results.map(({ storageClass }) => storageClass),
    results.map(({ reason }) => reason),
  ];
}

function toPreview(row: PreviewRow): StoredPreview | undefined {
  if (row.preview_id === null) return undefined;
  return {
    ...{ previewId: row.preview_id, repositoryId: row.id, text: row.document, status: row.status },
    ...{ startedAt: row.started_at, aliveUntil: row.alive_until },
    ...{ expiring: row.expiring, transitioning: row.transitioning, bytes: row.bytes },
  };
}

function toResult(row: ResultRow): PreviewResult {
  return {
    ...{ position: row.position, manifestId: row.manifest_id, digest: digestFromBytes(row.digest) },
    ...{ tags: row.tags === "" ? [] : row.tags.split(" "), pushedAt: row.pushed_at, action: row.action },
    ...{ rulePriority: row.rule_priority, storageClass: row.storage_class, reason: row.reason },
  };
}
