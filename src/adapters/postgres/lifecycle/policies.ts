import type { LifecyclePolicyStore, StoredPolicy } from "../../../lifecycle/ports/policy-store.ts";
import type { RepositoryName } from "../../../registry/names.ts";
import type { RepositoryId } from "../../../registry/ports/index.ts";
import type { Scope } from "../../../registry/scope.ts";
import { type ChangeEvent, recordChange } from "../audit/record.ts";
import type { Database } from "../database.ts";
import { keepRepository } from "../keep-repository.ts";
import type { Transaction } from "../transaction.ts";
import { shareRepository } from "./share-repository.ts";

const FIND = {
  name: "lifecycle_policy_find",
  text: `SELECT p.document, p.evaluated_at FROM repositories r LEFT JOIN lifecycle_policies p ON p.repository_id = r.id
    WHERE r.registry_id = $1 AND r.name = $2 AND r.deleted_at IS NULL`,
};
const PUT = {
  name: "lifecycle_policy_put",
  text: `INSERT INTO lifecycle_policies AS p (repository_id, document, updated_at, due_at) VALUES ($1, $2, $3, $3)
    ON CONFLICT (repository_id) DO UPDATE SET document = EXCLUDED.document, version = p.version + 1,
      updated_at = EXCLUDED.updated_at, due_at = EXCLUDED.due_at, evaluated_at = NULL, run_id = NULL`,
};
const DELETE = {
  name: "lifecycle_policy_delete",
  text: "DELETE FROM lifecycle_policies WHERE repository_id = $1 RETURNING document, evaluated_at",
};

interface Row {
  readonly document: string | null;
  readonly evaluated_at: Date | null;
}

/**
 * Lifecycle policies in Postgres. Who may meet: whoever changes a policy, and a run of it. A run holds the policy's row for
 * as long as it deletes one image, and the change waits for that; afterwards the run finds its row changed or gone, and ends.
 */
export function postgresLifecyclePolicies(database: Database): LifecyclePolicyStore {
  return {
    async find(scope, name) {
      const [row] = await database.run<Row>(FIND, [scope.id, name]);
      return row === undefined ? "unknown" : toPolicy(row);
    },
    put: (scope, name, text, cause, at) =>
      database.transaction(async (tx) => {
        const id = await shareRepository(tx, scope, name);
        if (id === undefined) return "unknown";
        await writeLifecyclePolicy(tx, id, text, at);
        await keepRepository(tx, id);
        await recordChange(tx, cause, at, {}, changeOf(scope, name));
        return "put";
      }),
    delete: (scope, name, cause, at) =>
      database.transaction(async (tx) => {
        const id = await shareRepository(tx, scope, name);
        if (id === undefined) return "unknown";
        const [row] = await tx.query<Row>(DELETE, [id]);
        if (row === undefined) return undefined;
        await recordChange(tx, cause, at, {}, changeOf(scope, name));
        return toPolicy(row);
      }),
  };
}

/** Of a repository that the caller holds against its deletion. */
export async function writeLifecyclePolicy(
  tx: Transaction,
  id: RepositoryId,
  text: string,
  at: Date,
): Promise<void> {
  await tx.query(PUT, [id, text, at]);
}

function changeOf({ id }: Scope, repository: RepositoryName): ChangeEvent {
  return { kind: "repository.change", registryId: id, repository };
}

function toPolicy({ document, evaluated_at }: Row): StoredPolicy | undefined {
  return document === null ? undefined : { text: document, evaluatedAt: evaluated_at ?? undefined };
}
