import type { RepositoryName } from "../../registry/names.ts";
import type { RepositoryId, ResourceTagStore, ResourceTags } from "../../registry/ports/index.ts";
import type { Scope } from "../../registry/scope.ts";
import { recordChange } from "./audit/record.ts";
import type { Database } from "./database.ts";
import { keepRepository } from "./keep-repository.ts";
import type { Transaction } from "./transaction.ts";

const TAGS = `coalesce((SELECT json_object_agg(key, value) FROM repository_resource_tags t
    WHERE t.repository_id = r.id), '{}') AS tags`;
const LIVE = "r.registry_id = $1 AND r.name = $2 AND r.deleted_at IS NULL";

const FIND = {
  name: "resource_tags_find",
  text: `SELECT ${TAGS} FROM repositories r WHERE ${LIVE}`,
};
const LOCK = {
  name: "resource_tags_lock",
  text: `SELECT r.id, r.provisional FROM repositories r WHERE ${LIVE} FOR NO KEY UPDATE`,
};
// Apart from the lock: a statement sees what was there when it began to wait.
const OF_LOCKED = { name: "resource_tags_of", text: `SELECT ${TAGS} FROM repositories r WHERE r.id = $1` };
const PUT = {
  name: "resource_tags_put",
  text: `INSERT INTO repository_resource_tags (repository_id, key, value)
    SELECT $1, tag.key, tag.value FROM unnest($2::text[], $3::text[]) AS tag (key, value)
    ON CONFLICT (repository_id, key) DO UPDATE SET value = EXCLUDED.value`,
};
const REMOVE = {
  name: "resource_tags_remove",
  text: "DELETE FROM repository_resource_tags WHERE repository_id = $1 AND key = ANY ($2)",
};

/** AWS tags of repositories in Postgres. */
export function postgresResourceTags(database: Database): ResourceTagStore {
  return {
    async find(scope, name) {
      const [row] = await database.run<{ tags: ResourceTags }>(FIND, [scope.id, name]);
      return row?.tags;
    },
    // Who may meet: two changes of one repository's tags, or a change and the repository's deletion. The row's lock puts
    // them in an order, and each sees what the one before has written; after a deletion there is no repository.
    change: (scope, name, change, cause, at) =>
      database.transaction(async (tx) => {
        const repository = await lock(tx, scope, name);
        if (repository === undefined) return false;
        const [row] = await tx.query<{ tags: ResourceTags }>(OF_LOCKED, [repository.id]);
        const before = row?.tags ?? {};
        const { put, removed } = difference(before, change(before));
        if (put.length === 0 && removed.length === 0) return true;
        if (removed.length > 0) await tx.query(REMOVE, [repository.id, removed]);
        if (put.length > 0) {
          const [keys, values] = [put.map(([key]) => key), put.map(([, value]) => value)];
          await tx.query(PUT, [repository.id, keys, values]);
        }
        if (repository.provisional) await keepRepository(tx, repository.id);
        const detail = { resourceTags: { put: Object.fromEntries(put), removed } };
        const event = { kind: "repository.change", registryId: scope.id, repository: name } as const;
        await recordChange(tx, cause, at, detail, event);
        return true;
      }),
  };
}

interface Locked {
  readonly id: RepositoryId;
  readonly provisional: boolean;
}

async function lock(tx: Transaction, scope: Scope, name: RepositoryName): Promise<Locked | undefined> {
  return (await tx.query<Locked>(LOCK, [scope.id, name]))[0];
}

function difference(before: ResourceTags, after: ResourceTags) {
  return {
    put: Object.entries(after).filter(([key, value]) => before[key] !== value),
    removed: Object.keys(before).filter((key) => !Object.hasOwn(after, key)),
  };
}
