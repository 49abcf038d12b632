import type { RepositoryName } from "../../../registry/names.ts";
import type {
  RepositoryCatalog,
  RepositoryDraft,
  RepositoryRecord,
} from "../../../registry/ports/repository-catalog.ts";
import { recordChange } from "../audit/record.ts";
import type { Database } from "../database.ts";
import { registryFor } from "./registry-id.ts";

interface Row {
  readonly id: number;
  readonly name: RepositoryName;
  readonly tag_mutability: RepositoryRecord["tagMutability"];
  readonly tag_filters: readonly string[];
  readonly scan_on_push: boolean;
  readonly encryption_type: RepositoryRecord["encryption"]["type"];
  readonly encryption_key: string | null;
  readonly created_at: Date;
}

const COLUMNS = `r.id, r.name, r.tag_mutability, r.tag_filters, r.scan_on_push, r.encryption_type, r.encryption_key,
  r.created_at`;

const CREATE = {
  name: "ecr_repository_create",
  text: `INSERT INTO repositories AS r (registry_id, name, tag_mutability, tag_filters, scan_on_push, encryption_type,
      encryption_key, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
    ON CONFLICT (registry_id, name) WHERE deleted_at IS NULL DO NOTHING RETURNING ${COLUMNS}`,
};
const TAG = {
  name: "ecr_repository_tag",
  text: `INSERT INTO repository_resource_tags (repository_id, key, value)
    SELECT $1, key, value FROM unnest($2::text[], $3::text[]) AS t (key, value)`,
};
const FIND = {
  name: "ecr_repository_find",
  text: `SELECT ${COLUMNS} FROM repositories r JOIN registries g ON g.id = r.registry_id
    WHERE g.account_id = $1 AND g.region = $2 AND r.name = ANY ($3) AND r.deleted_at IS NULL`,
};
const PAGE = {
  name: "ecr_repository_page",
  text: `SELECT ${COLUMNS} FROM repositories r JOIN registries g ON g.id = r.registry_id
    WHERE g.account_id = $1 AND g.region = $2 AND r.name > $3 AND r.deleted_at IS NULL ORDER BY r.name LIMIT $4`,
};
// Waits for pushes in flight; those that come later find no repository.
const LOCK = {
  name: "ecr_repository_lock",
  text: `SELECT ${COLUMNS} FROM repositories r JOIN registries g ON g.id = r.registry_id
    WHERE g.account_id = $1 AND g.region = $2 AND r.name = $3 AND r.deleted_at IS NULL FOR UPDATE OF r`,
};
const HOLDS_IMAGE = {
  name: "ecr_repository_holds_image",
  text: "SELECT 1 FROM manifests WHERE repository_id = $1 LIMIT 1",
};
const DELETE = {
  name: "ecr_repository_delete",
  text: "UPDATE repositories SET deleted_at = $2 WHERE id = $1",
};

/** Repositories as ECR's API sees them. */
export function postgresRepositoryCatalog(database: Database): RepositoryCatalog {
  return {
    create: (registry, draft, cause, at) =>
      database.transaction(async (tx) => {
        const registryId = await registryFor(tx, registry);
        const [row] = await tx.query<Row>(CREATE, [registryId, ...valuesOf(draft), at]);
        if (row === undefined) return undefined;
        const tags = Object.entries(draft.tags);
        if (tags.length > 0)
          await tx.query(TAG, [row.id, tags.map(([key]) => key), tags.map(([, value]) => value)]);
        await recordChange(tx, cause, at);
        return toRecord(row);
      }),
    async find({ account, region }, names) {
      return (await database.run<Row>(FIND, [account, region, names])).map(toRecord);
    },
    async page({ account, region }, after, limit) {
      return (await database.run<Row>(PAGE, [account, region, after, limit])).map(toRecord);
    },
    delete: ({ account, region }, name, { force, cause, at }) =>
      database.transaction(async (tx) => {
        const [row] = await tx.query<Row>(LOCK, [account, region, name]);
        if (row === undefined) return "unknown";
        if (!force && (await tx.query(HOLDS_IMAGE, [row.id])).length > 0) return "not-empty";
        await tx.query(DELETE, [row.id, at]);
        await recordChange(tx, cause, at);
        return toRecord(row);
      }),
  };
}

function valuesOf({
  name,
  tagMutability,
  exclusionFilters,
  scanOnPush,
  encryption,
}: RepositoryDraft): unknown[] {
  return [name, tagMutability, exclusionFilters, scanOnPush, encryption.type, encryption.kmsKey ?? null];
}

function toRecord(row: Row): RepositoryRecord {
  return {
    name: row.name,
    tagMutability: row.tag_mutability,
    exclusionFilters: row.tag_filters,
    scanOnPush: row.scan_on_push,
    encryption: { type: row.encryption_type, kmsKey: row.encryption_key ?? undefined },
    createdAt: row.created_at,
  };
}
