import { digestFromBytes } from "../../../registry/digest.ts";
import { INDEX_MEDIA_TYPES } from "../../../registry/media-types.ts";
import type { Tag } from "../../../registry/names.ts";
import type { ImageDetail, RepositoryId } from "../../../registry/ports/index.ts";
import type { Database } from "../database.ts";

/** SQL: bytes of the blobs of the manifest `manifest`, each counted once. */
function blobBytes(manifest: string): string {
  return `(SELECT coalesce(sum(b.size), 0) FROM (
      SELECT DISTINCT e.blob_id FROM manifest_blobs e
      WHERE e.repository_id = $1 AND e.manifest_id = ${manifest}) AS held
      JOIN blobs b ON b.id = held.blob_id)`;
}

// SQL: what the index `m` lists. OFFSET 0 keeps it apart from what is asked of it: that something is not null leads to the
// index of all entries that are not.
const ENTRIES = `(SELECT child_id, blob_id FROM manifest_children
          WHERE repository_id = $1 AND manifest_id = m.id OFFSET 0)`;

/** Tags that one image is shown with, at most. */
const SHOWN_MAX = 10_000;

// Tags come as one text, which no tag has a blank in: a list takes a hundred times as long to read.
// An image has blobs, an index images or blobs: what is not there counts for nothing. `before` counts the tags of the images that come earlier: those of a page may be very many.
const DETAILS = {
  name: "image_details",
  text: `SELECT id, digest, media_type, artifact_type, subject_digest, pushed_at,
      CASE WHEN before < $3 THEN coalesce((SELECT string_agg(shown.name, ' ' ORDER BY shown.name) FROM (
        SELECT t.name FROM tags t WHERE t.repository_id = $1 AND t.manifest_id = m.id
        ORDER BY t.name LIMIT ${SHOWN_MAX}) AS shown), '') END AS tags,
      (SELECT pulled_at FROM image_pulls WHERE repository_id = $1 AND manifest_id = m.id) AS pulled_at,
      coalesce(content_size, greatest(
        ${blobBytes("m.id")},
        (SELECT max(coalesce(i.content_size, ${blobBytes("i.id")})) FROM ${ENTRIES} AS c
          JOIN manifests i ON i.repository_id = $1 AND i.id = c.child_id),
        (SELECT sum(b.size) FROM ${ENTRIES} AS c JOIN blobs b ON b.id = c.blob_id))) AS content_size
    FROM (SELECT m.*, sum(held.tags) OVER (ORDER BY m.id DESC) - held.tags AS before
      FROM unnest($2::bigint[]) AS wanted (id)
      JOIN LATERAL (SELECT id, digest, media_type, artifact_type, subject_digest, pushed_at, content_size
        FROM manifests WHERE repository_id = $1 AND id = wanted.id LIMIT 1) AS m ON true
      CROSS JOIN LATERAL (SELECT count(*) AS tags FROM (SELECT FROM tags
        WHERE repository_id = $1 AND manifest_id = wanted.id LIMIT ${SHOWN_MAX}) AS t) AS held) AS m
    ORDER BY id DESC`,
};

interface Row {
  readonly id: number;
  readonly digest: Buffer;
  readonly media_type: string;
  readonly artifact_type: string | null;
  readonly subject_digest: Buffer | null;
  readonly pushed_at: Date;
  readonly pulled_at: Date | null;
  readonly tags: string | null;
  readonly content_size: string;
}

/**
 * The images of some ids, newest first. They end before one that follows on more than `tagsMax` tags: `isCut` then.
 */
export async function readDetails(
  database: Database,
  repository: RepositoryId,
  ids: readonly number[],
  tagsMax: number,
): Promise<{ readonly images: readonly ImageDetail[]; readonly isCut: boolean }> {
  const rows = await database.run<Row>(DETAILS, [repository, ids, tagsMax]);
  const images: ImageDetail[] = [];
  for (const row of rows) {
    if (row.tags === null) return { images, isCut: true };
    images.push(toDetail(row, row.tags === "" ? [] : (row.tags.split(" ") as Tag[])));
  }
  return { images, isCut: false };
}

function toDetail(row: Row, tags: readonly Tag[]): ImageDetail {
  const isIndex = INDEX_MEDIA_TYPES.includes(row.media_type);
  return {
    ...{ id: row.id, digest: digestFromBytes(row.digest), tags, mediaType: row.media_type },
    size: Number(row.content_size),
    artifactMediaType: isIndex ? undefined : (row.artifact_type ?? undefined),
    subject: row.subject_digest === null ? undefined : digestFromBytes(row.subject_digest),
    pushedAt: row.pushed_at,
    pulledAt: row.pulled_at ?? undefined,
  };
}
