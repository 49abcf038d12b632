import { isDeepStrictEqual } from "node:util";
import type { Cause } from "../../audit/cause.ts";
import type { RepositoryName } from "../../registry/names.ts";
import type {
  Creation,
  MissingPrincipal,
  Repository,
  RepositoryDraft,
  RepositoryId,
  RepositorySettings,
  RepositoryStore,
} from "../../registry/ports/index.ts";
import { repositoriesTooMany } from "../../registry/repositories/errors.ts";
import type { RegistryId, Scope } from "../../registry/scope.ts";
import { type ChangeEvent, changeRecord, recordChange } from "./audit/record.ts";
import type { Database } from "./database.ts";
import { discardRepository } from "./discard-repository.ts";
import { writeLifecyclePolicy } from "./lifecycle/policies.ts";
import { lockRegistry } from "./lock-registry.ts";
import { lockAccount, writeRepositoryPolicy } from "./policies.ts";
import { contentOf } from "./repository-content.ts";
import type { Transaction } from "./transaction.ts";

interface Row {
  readonly id: RepositoryId;
  readonly registry_id: RegistryId;
  readonly name: RepositoryName;
  readonly sparse: boolean;
  readonly tag_mutability: Repository["tagMutability"];
  readonly tag_filters: readonly string[];
  readonly scan_on_push: boolean;
  readonly encryption_type: Repository["encryption"]["type"];
  readonly encryption_key: string | null;
  readonly created_at: Date;
}

const COLUMNS = `id, registry_id, name, sparse, tag_mutability, tag_filters, scan_on_push, encryption_type,
      encryption_key, created_at`;
const LIVE = "registry_id = $1 AND deleted_at IS NULL";

const FIND = {
  name: "repository_find",
  text: `SELECT ${COLUMNS} FROM repositories WHERE ${LIVE} AND name = $2`,
};
const FIND_ALL = {
  name: "repository_find_all",
  text: `SELECT ${COLUMNS} FROM repositories WHERE ${LIVE} AND name = ANY ($2)`,
};
const PAGE = {
  name: "repository_page",
  text: `SELECT ${COLUMNS} FROM repositories WHERE ${LIVE} AND name > $2 ORDER BY name LIMIT $3`,
};
const LIST = {
  name: "repository_list",
  text: `SELECT name FROM repositories WHERE ${LIVE} AND name > $2 ORDER BY name LIMIT $3`,
};
const INSERT = {
  name: "repository_insert",
  text: `WITH room AS (
      SELECT id FROM registries WHERE id = $1 AND ($14::integer = 0 OR repositories < $14) FOR NO KEY UPDATE),
    made AS (
      INSERT INTO repositories (registry_id, name, sparse, tag_mutability, tag_filters, scan_on_push, encryption_type,
        encryption_key, created_at, provisional) SELECT id, $2, $3, $4, $5, $6, $7, $8, $9, $13 FROM room
      ON CONFLICT (registry_id, name) WHERE deleted_at IS NULL DO NOTHING RETURNING ${COLUMNS}),
    tagged AS (
      INSERT INTO repository_resource_tags (repository_id, key, value)
      SELECT made.id, tag.key, tag.value FROM made, unnest($10::text[], $11::text[]) AS tag (key, value))
    SELECT ${COLUMNS}, record_change($12::jsonb, '{}', 'repository.create', registry_id, name) FROM made`,
};
const IS_FULL = {
  name: "repository_registry_is_full",
  text: "SELECT FROM registries WHERE id = $1 AND $2 > 0 AND repositories >= $2",
};
const LOCK = {
  name: "repository_lock",
  text: `SELECT ${COLUMNS} FROM repositories WHERE ${LIVE} AND name = $2 FOR UPDATE`,
};
const UPDATE = {
  name: "repository_update",
  text: `UPDATE repositories SET sparse = $2, tag_mutability = $3, tag_filters = $4, scan_on_push = $5,
      provisional = false
    WHERE id = $1 RETURNING ${COLUMNS}`,
};
const HOLDS_MANIFEST = {
  name: "repository_holds_manifest",
  text: "SELECT 1 FROM manifests WHERE repository_id = $1 LIMIT 1",
};
const DELETE = { name: "repository_delete", text: "UPDATE repositories SET deleted_at = $2 WHERE id = $1" };
const COUNT = {
  name: "repository_count_manifests",
  text: "SELECT count(*) AS manifests FROM manifests WHERE repository_id = $1",
};

/** Repositories in Postgres. A registry has at most `max` of them; 0 is no limit. */
export function postgresRepositories(database: Database, max = 0): RepositoryStore {
  const find: RepositoryStore["find"] = async (scope, name) => {
    const [row] = await database.read<Row>(FIND, [scope.id, name]);
    return row && toRepository(row);
  };
  // Who may meet: two creations in a registry that has room for one. The registry's row orders them, and the trigger that
  // counts has counted the first when the second looks, which finds the registry full.
  const createOrFind = async (
    scope: Scope,
    { name }: RepositoryDraft,
    insert: () => Promise<Repository | undefined>,
  ): Promise<Creation> => {
    for (;;) {
      const made = await insert();
      if (made !== undefined) return { repository: made, created: true };
      const existing = await find(scope, name);
      if (existing !== undefined) return { repository: existing, created: false };
      const isFull = (await database.run(IS_FULL, [scope.id, max])).length > 0;
      if (isFull) throw repositoriesTooMany(scope.account, max);
      // Deleted, or room made, between the statements: create it after all.
    }
  };
  return {
    find,
    async findAll(scope, names) {
      return (await database.run<Row>(FIND_ALL, [scope.id, names])).map(toRepository);
    },
    async page(scope, after, limit) {
      return (await database.run<Row>(PAGE, [scope.id, after, limit])).map(toRepository);
    },
    async listNames(scope, after, limit) {
      const rows = await database.run<{ name: RepositoryName }>(LIST, [scope.id, after, limit]);
      return rows.map(({ name }) => name);
    },
    create: (scope, draft, cause, at) =>
      createOrFind(scope, draft, async () => {
        const [row] = await database.run<Row>(INSERT, [...insertValues(scope, draft, cause, at), max]);
        return row && toRepository(row);
      }),
    createWithPolicies: (scope, draft, { repositoryPolicy, lifecyclePolicy }, cause, at) =>
      createOrFind(scope, draft, () =>
        database.transaction(async (tx) => {
          // The registry before the account, as the triggers of creations and deletions take them.
          await lockRegistry(tx, scope.id);
          await lockAccount(tx, scope);
          const [row] = await tx.query<Row>(INSERT, [...insertValues(scope, draft, cause, at), max]);
          if (row === undefined) return undefined;
          if (repositoryPolicy !== undefined) {
            const missing = await writeRepositoryPolicy(tx, row.id, repositoryPolicy, at);
            if (missing !== undefined) throw new Unmakeable(missing);
          }
          if (lifecyclePolicy !== undefined) await writeLifecyclePolicy(tx, row.id, lifecyclePolicy, at);
          return toRepository(row);
        }),
      ).catch((error: unknown) => {
        if (error instanceof Unmakeable) return error.missing;
        throw error;
      }),
    change: (scope, name, settings, cause, at) =>
      database.transaction(async (tx) => {
        const current = await lock(tx, scope, name);
        if (current === undefined) return undefined;
        const [row] = await tx.query<Row>(UPDATE, [
          current.id,
          ...settingValues({ ...current, ...settings }),
        ]);
        const changed = row && toRepository(row);
        if (!isDeepStrictEqual(changed, current)) {
          await recordChange(tx, cause, at, { settings }, eventOf("repository.change", current));
        }
        return changed;
      }),
    // Who may meet: a delete and state changes that hold the row FOR KEY SHARE. The lock waits for those in flight;
    // whoever comes later reads deleted_at after taking its share and sees no repository.
    delete: (scope, name, { force, cause, at }) =>
      database.transaction(async (tx) => {
        const current = await lock(tx, scope, name);
        if (current === undefined) return "unknown";
        if (!force && (await tx.query(HOLDS_MANIFEST, [current.id])).length > 0) return "not empty";
        const content = await contentOf(tx, current.id);
        await lockRegistry(tx, current.registryId);
        await tx.query(DELETE, [current.id, at]);
        await recordChange(tx, cause, at, content, eventOf("repository.delete", current));
        return current;
      }),
    async discard(id, because, at) {
      await discardRepository(database, id, because, at);
    },
    async countManifests(id) {
      const [row] = await database.run<{ manifests: number }>(COUNT, [id]);
      return row?.manifests ?? 0;
    },
  };
}

/** Undoes a creation whose policy cannot be written. */
class Unmakeable extends Error {
  readonly missing: MissingPrincipal;

  constructor(missing: MissingPrincipal) {
    super();
    this.missing = missing;
  }
}

function insertValues(scope: Scope, draft: RepositoryDraft, cause: Cause, at: Date): readonly unknown[] {
  const { name, encryption, tags, provisional = false, ...settings } = draft;
  return [
    ...[scope.id, name, ...settingValues(settings), encryption.type, encryption.kmsKey, at],
    ...[Object.keys(tags), Object.values(tags), changeRecord(cause, at, { settings })],
    provisional,
  ];
}

function eventOf(
  kind: ChangeEvent["kind"],
  { registryId, name }: Pick<Repository, "registryId" | "name">,
): ChangeEvent {
  return { kind, registryId, repository: name };
}

function settingValues({ sparse, tagMutability, exclusionFilters, scanOnPush }: RepositorySettings) {
  return [sparse, tagMutability, exclusionFilters, scanOnPush] as const;
}

async function lock(tx: Transaction, scope: Scope, name: RepositoryName): Promise<Repository | undefined> {
  const [row] = await tx.query<Row>(LOCK, [scope.id, name]);
  return row && toRepository(row);
}

function toRepository(row: Row): Repository {
  return {
    id: row.id,
    registryId: row.registry_id,
    name: row.name,
    sparse: row.sparse,
    tagMutability: row.tag_mutability,
    exclusionFilters: row.tag_filters,
    scanOnPush: row.scan_on_push,
    encryption: { type: row.encryption_type, kmsKey: row.encryption_key ?? undefined },
    createdAt: row.created_at,
  };
}
