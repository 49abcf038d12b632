import { type Digest, digestFromBytes } from "../../../registry/digest.ts";
import type { RepositoryName, Tag } from "../../../registry/names.ts";
import type { ImageEntry, RepositoryId, TagStatus } from "../../../registry/ports/index.ts";
import type { Scope } from "../../../registry/scope.ts";
import type { Database } from "../database.ts";
import type { Statement } from "../statement.ts";

/** Images that one page looks at where not every one is wanted: what is rare comes in short pages. */
const LOOKS_MAX = 5_000;

const OLDER = "m.repository_id = r.id AND m.id < $3 ORDER BY m.id DESC";
const TAGGED = `LATERAL (SELECT 1 AS tagged FROM tags t
          WHERE t.repository_id = r.id AND t.manifest_id = m.id LIMIT 1) AS t ON true`;
const FILTERS: Readonly<Record<TagStatus, string>> = {
  ANY: "",
  TAGGED: `JOIN ${TAGGED}`,
  UNTAGGED: `LEFT JOIN ${TAGGED} WHERE t.tagged IS NULL`,
};

// `boundary`: the last image that was looked at, null where none is left behind it.
function pageOf(status: TagStatus): Statement {
  const looks = status === "ANY" ? "$4" : String(LOOKS_MAX);
  return {
    name: `image_page_${status.toLowerCase()}`,
    text: `SELECT r.id AS repository_id,
      ARRAY(SELECT m.id FROM (SELECT m.id FROM manifests m WHERE ${OLDER} LIMIT ${looks}) AS m
        ${FILTERS[status]} ORDER BY m.id DESC LIMIT $4) AS ids,
      ${status === "ANY" ? "NULL::bigint" : `(SELECT m.id FROM manifests m WHERE ${OLDER} OFFSET ${LOOKS_MAX - 1} LIMIT 1)`} AS boundary
    FROM repositories r WHERE r.registry_id = $1 AND r.name = $2 AND r.deleted_at IS NULL`,
  };
}

const PAGES = { ANY: pageOf("ANY"), TAGGED: pageOf("TAGGED"), UNTAGGED: pageOf("UNTAGGED") };

/** Ids of a page of images, and where the next one begins. */
export interface IdPage {
  readonly repository: RepositoryId;
  readonly ids: readonly number[];
  readonly next: number | undefined;
}

export async function readIds(
  database: Database,
  { id: registryId }: Scope,
  name: RepositoryName,
  query: { readonly before: number; readonly limit: number; readonly tagStatus: TagStatus },
): Promise<IdPage | undefined> {
  const { before, limit, tagStatus } = query;
  const values = [registryId, name, before, limit + 1];
  const [row] = await database.run<{ repository_id: RepositoryId; ids: number[]; boundary: number | null }>(
    PAGES[tagStatus],
    values,
  );
  if (row === undefined) return undefined;
  const ids = row.ids.slice(0, limit).map(Number);
  const next = row.ids.length > limit ? ids.at(-1) : (row.boundary ?? undefined);
  return { repository: row.repository_id, ids, next };
}

// As many images as entries are enough, and one more for the image in which the page before ended.
const ENTRIES = {
  name: "image_entries",
  text: `SELECT e.id, e.digest, e.tag, r.id AS repository_id FROM repositories r LEFT JOIN LATERAL (
      SELECT m.id, m.digest, t.name AS tag FROM (
        SELECT id, digest FROM manifests WHERE repository_id = r.id AND id <= $3 ORDER BY id DESC LIMIT $5 + 1) AS m
      LEFT JOIN LATERAL (SELECT name FROM tags WHERE repository_id = r.id AND manifest_id = m.id
        AND (m.id < $3 OR name > $4) ORDER BY name LIMIT $5) AS t ON true
      WHERE m.id < $3 OR t.name IS NOT NULL
      ORDER BY m.id DESC, t.name LIMIT $5) AS e ON true
    WHERE r.registry_id = $1 AND r.name = $2 AND r.deleted_at IS NULL ORDER BY e.id DESC, e.tag`,
};
const BY_TAG = {
  name: "image_entries_by_tag",
  text: `SELECT e.tag, e.digest FROM repositories r LEFT JOIN LATERAL (
      SELECT t.name AS tag, m.digest FROM (
        SELECT name, manifest_id FROM tags WHERE repository_id = r.id AND name > $3 ORDER BY name LIMIT $4) AS t
      JOIN LATERAL (SELECT digest FROM manifests WHERE repository_id = r.id AND id = t.manifest_id LIMIT 1) AS m ON true
      ORDER BY t.name) AS e ON true
    WHERE r.registry_id = $1 AND r.name = $2 AND r.deleted_at IS NULL ORDER BY e.tag`,
};
const DIGESTS = {
  name: "image_digests",
  text: `SELECT m.digest FROM unnest($2::bigint[]) AS wanted (id)
    JOIN LATERAL (SELECT id, digest FROM manifests WHERE repository_id = $1 AND id = wanted.id LIMIT 1) AS m ON true
    ORDER BY m.id DESC`,
};

/** One row with nothing in it stands for a repository without entries. */
interface EntryRow {
  readonly id: number;
  readonly digest: Buffer | null;
  readonly tag: Tag | null;
}

/** Entries of a list, each with the id of its image; undefined where there is no such repository. */
export type Entries = readonly (ImageEntry & { readonly id: number })[] | undefined;

export async function readEntries(
  database: Database,
  { id: registryId }: Scope,
  name: RepositoryName,
  after: { readonly id: number; readonly tag: string | null },
  limit: number,
): Promise<Entries> {
  return toEntries(await database.run<EntryRow>(ENTRIES, [registryId, name, after.id, after.tag, limit]));
}

export async function readTagged(
  database: Database,
  { id: registryId }: Scope,
  name: RepositoryName,
  after: string,
  limit: number,
): Promise<Entries> {
  return toEntries(await database.run<EntryRow>(BY_TAG, [registryId, name, after, limit]));
}

export async function readDigests(
  database: Database,
  repository: RepositoryId,
  ids: readonly number[],
): Promise<readonly Digest[]> {
  const rows = await database.run<{ digest: Buffer }>(DIGESTS, [repository, ids]);
  return rows.map(({ digest }) => digestFromBytes(digest));
}

function toEntries(rows: readonly EntryRow[]): Entries {
  if (rows.length === 0) return undefined;
  return rows.flatMap(({ id, digest, tag }) =>
    digest === null ? [] : [{ id, digest: digestFromBytes(digest), tag: tag ?? undefined }],
  );
}
