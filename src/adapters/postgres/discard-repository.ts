import type { Cause } from "../../audit/cause.ts";
import type { RepositoryName } from "../../registry/names.ts";
import type { AbandonedRepository, RepositoryId } from "../../registry/ports/index.ts";
import type { RegistryId } from "../../registry/scope.ts";
import { recordChange } from "./audit/record.ts";
import type { Database } from "./database.ts";
import { lockRegistry } from "./lock-registry.ts";
import { isUnused } from "./repository-tables.ts";

const LOCK = {
  name: "repository_lock_by_id",
  text: `SELECT registry_id AS "registryId" FROM repositories
    WHERE id = $1 AND provisional AND deleted_at IS NULL FOR UPDATE`,
};
const DISCARD = {
  name: "repository_discard",
  text: `UPDATE repositories SET deleted_at = $2 WHERE id = $1 AND provisional AND deleted_at IS NULL
    AND ${isUnused("$1")} RETURNING registry_id AS "registryId", name`,
};
const ABANDONED = {
  name: "repository_abandoned",
  text: `SELECT r.id, r.name, g.account_id AS account, g.region FROM repositories r
    JOIN registries g ON g.id = r.registry_id
    WHERE r.provisional AND r.deleted_at IS NULL AND r.created_at < $1
      AND ${isUnused("r.id")}
    ORDER BY r.id LIMIT $2`,
};

/**
 * Who may meet: a discard and whoever puts something there. The lock waits for those in flight, and only then the second
 * statement looks; whoever comes later finds the repository deleted.
 */
export function discardRepository(
  database: Database,
  id: RepositoryId,
  because: Cause,
  at: Date,
): Promise<boolean> {
  return database.transaction(async (tx) => {
    const [locked] = await tx.query<{ registryId: RegistryId }>(LOCK, [id]);
    if (locked === undefined) return false;
    await lockRegistry(tx, locked.registryId);
    const [discarded] = await tx.query<{ registryId: RegistryId; name: RepositoryName }>(DISCARD, [id, at]);
    if (discarded === undefined) return false;
    const { registryId, name: repository } = discarded;
    const cause = { ...because, action: "ecr:DeleteRepository" };
    const event = { kind: "repository.delete", registryId, repository } as const;
    await recordChange(tx, cause, at, { because: "nothing was put there" }, event);
    return true;
  });
}

export function abandonedRepositories(
  database: Database,
  before: Date,
  limit: number,
): Promise<readonly AbandonedRepository[]> {
  return database.run<AbandonedRepository>(ABANDONED, [before, limit]);
}
