import type { RepositoryName } from "../../registry/names.ts";
import type {
  Repository,
  RepositoryId,
  RepositorySettings,
  RepositoryStore,
} from "../../registry/ports/index.ts";
import type { RegistryId } from "../../registry/scope.ts";
import { changeRecord, recordChange, recordingEach } from "./audit/record.ts";
import type { Database } from "./database.ts";
import type { Transaction } from "./transaction.ts";

interface Row {
  id: RepositoryId;
  registry_id: RegistryId;
  name: RepositoryName;
  sparse: boolean;
  tag_mutability: Repository["tagMutability"];
  created_at: Date;
}

const COLUMNS = "id, registry_id, name, sparse, tag_mutability, created_at";

const FIND_REGISTRY = {
  name: "registry_find",
  text: "SELECT id FROM registries WHERE account_id = $1 AND region = $2",
};
const FIND = {
  name: "repository_find",
  text: `SELECT ${COLUMNS} FROM repositories WHERE registry_id = $1 AND name = $2 AND deleted_at IS NULL`,
};
const INSERT = {
  name: "repository_insert",
  text: `WITH made AS (
      INSERT INTO repositories (registry_id, name, sparse, tag_mutability, created_at) VALUES ($1, $2, $3, $4, $5)
      ON CONFLICT (registry_id, name) WHERE deleted_at IS NULL DO NOTHING RETURNING ${COLUMNS}),
    recorded AS (
      ${recordingEach("$6", "made")})
    SELECT ${COLUMNS} FROM made`,
};
const LIST = {
  name: "repository_list",
  text: `SELECT name FROM repositories WHERE registry_id = $1 AND name > $2 AND deleted_at IS NULL
    ORDER BY name LIMIT $3`,
};
const LOCK = {
  name: "repository_lock",
  text: `SELECT ${COLUMNS} FROM repositories WHERE registry_id = $1 AND name = $2 AND deleted_at IS NULL FOR UPDATE`,
};
const UPDATE = {
  name: "repository_update",
  text: `UPDATE repositories SET sparse = $2, tag_mutability = $3,
      tag_filters = CASE WHEN tag_mutability = $3 THEN tag_filters ELSE '{}' END
    WHERE id = $1 RETURNING ${COLUMNS}`,
};
const DELETE = { name: "repository_delete", text: "UPDATE repositories SET deleted_at = $2 WHERE id = $1" };
const LOCK_BY_ID = {
  name: "repository_lock_by_id",
  text: "SELECT 1 FROM repositories WHERE id = $1 AND deleted_at IS NULL FOR UPDATE",
};
const DISCARD = {
  name: "repository_discard",
  text: `UPDATE repositories SET deleted_at = $2 WHERE id = $1 AND deleted_at IS NULL
    AND NOT EXISTS (SELECT 1 FROM manifests WHERE repository_id = $1)
    AND NOT EXISTS (SELECT 1 FROM repository_blobs WHERE repository_id = $1)
    AND NOT EXISTS (SELECT 1 FROM uploads WHERE repository_id = $1)
    RETURNING id`,
};
const COUNT = {
  name: "repository_count_manifests",
  text: "SELECT count(*) AS manifests FROM manifests WHERE repository_id = $1",
};

export function postgresRepositories(database: Database): RepositoryStore {
  const find: RepositoryStore["find"] = async (registryId, name) => {
    const [row] = await database.read<Row>(FIND, [registryId, name]);
    return row && toRepository(row);
  };
  return {
    find,
    async findRegistry(account, region) {
      const [row] = await database.read<{ id: RegistryId }>(FIND_REGISTRY, [account, region]);
      return row?.id;
    },
    async create(registryId, name, settings, cause, at) {
      for (;;) {
        const [row] = await database.run<Row>(INSERT, [
          registryId,
          name,
          settings.sparse,
          settings.tagMutability,
          at,
          changeRecord(cause, at, { settings }),
        ]);
        if (row !== undefined) return { repository: toRepository(row), created: true };
        const existing = await find(registryId, name);
        // Deleted between the two statements: create it after all.
        if (existing !== undefined) return { repository: existing, created: false };
      }
    },
    async listNames(registryId, after, limit) {
      const rows = await database.run<{ name: RepositoryName }>(LIST, [registryId, after, limit]);
      return rows.map(({ name }) => name);
    },
    change: (registryId, name, settings, cause, at) =>
      database.transaction(async (tx) => {
        const current = await lock(tx, registryId, name);
        if (current === undefined) return undefined;
        const wanted: RepositorySettings = { ...current, ...settings };
        const [row] = await tx.query<Row>(UPDATE, [current.id, wanted.sparse, wanted.tagMutability]);
        await recordChange(tx, cause, at, { settings });
        return row && toRepository(row);
      }),
    // Who may meet: a delete and state changes that hold the row FOR KEY SHARE. The lock waits for those in flight;
    // whoever comes later reads deleted_at after taking its share and sees no repository.
    delete: (registryId, name, cause, at) =>
      database.transaction(async (tx) => {
        const current = await lock(tx, registryId, name);
        if (current === undefined) return false;
        await tx.query(DELETE, [current.id, at]);
        await recordChange(tx, cause, at);
        return true;
      }),
    // Who may meet: a discard and whoever puts something there. The lock waits for those in flight, and only then the
    // second statement looks; whoever comes later finds the repository deleted.
    discard: (id, creation, at) =>
      database.transaction(async (tx) => {
        await tx.query(LOCK_BY_ID, [id]);
        const discarded = await tx.query(DISCARD, [id, at]);
        const cause = { ...creation, action: "ecr:DeleteRepository" };
        if (discarded.length > 0) await recordChange(tx, cause, at, { because: "nothing was put there" });
      }),
    async countManifests(id) {
      const [row] = await database.run<{ manifests: number }>(COUNT, [id]);
      return row?.manifests ?? 0;
    },
  };
}

async function lock(
  tx: Transaction,
  registryId: RegistryId,
  name: RepositoryName,
): Promise<Repository | undefined> {
  const [row] = await tx.query<Row>(LOCK, [registryId, name]);
  return row && toRepository(row);
}

function toRepository(row: Row): Repository {
  return {
    id: row.id,
    registryId: row.registry_id,
    name: row.name,
    sparse: row.sparse,
    tagMutability: row.tag_mutability,
    createdAt: row.created_at,
  };
}
