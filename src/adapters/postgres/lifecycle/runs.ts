import type { ClaimedPolicy, LifecycleRunStore } from "../../../lifecycle/ports/run-store.ts";
import type { RepositoryName } from "../../../registry/names.ts";
import type { RepositoryId } from "../../../registry/ports/index.ts";
import type { RegistryId } from "../../../registry/scope.ts";
import type { Database } from "../database.ts";
import { removeImage } from "./remove-image.ts";
import { readSnapshot } from "./snapshot.ts";

const CLAIM = {
  name: "lifecycle_claim",
  text: `WITH due AS (
      SELECT repository_id FROM lifecycle_policies WHERE due_at <= $2 ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
    UPDATE lifecycle_policies p SET run_id = $1, due_at = $3
    FROM due, repositories r JOIN registries g ON g.id = r.registry_id
    WHERE p.repository_id = due.repository_id AND r.id = due.repository_id
    RETURNING p.repository_id, g.id AS registry_id, g.account_id, g.region, r.name, p.document, p.policy_id, p.version,
      p.evaluated_at`,
};
const EXTEND = {
  name: "lifecycle_extend",
  text: "UPDATE lifecycle_policies SET due_at = $3 WHERE repository_id = $1 AND run_id = $2 RETURNING 1",
};
const FINISH = {
  name: "lifecycle_finish",
  text: `UPDATE lifecycle_policies SET run_id = NULL, due_at = $4, evaluated_at = coalesce($3, evaluated_at)
    WHERE repository_id = $1 AND run_id = $2`,
};

interface ClaimedRow {
  readonly repository_id: RepositoryId;
  readonly registry_id: RegistryId;
  readonly account_id: string;
  readonly region: string;
  readonly name: RepositoryName;
  readonly document: string;
  readonly policy_id: string;
  readonly version: number;
  readonly evaluated_at: Date | null;
}

/** Runs of lifecycle policies in Postgres. */
export function postgresLifecycleRuns(database: Database): LifecycleRunStore {
  return {
    async claim(runId, at, until) {
      const [row] = await database.run<ClaimedRow>(CLAIM, [runId, at, until]);
      return row && toClaimed(runId, row);
    },
    async extend({ repositoryId, runId }, until) {
      return (await database.run(EXTEND, [repositoryId, runId, until])).length > 0;
    },
    async finish({ repositoryId, runId }, evaluatedAt, dueAt) {
      await database.run(FINISH, [repositoryId, runId, evaluatedAt ?? null, dueAt]);
    },
    snapshot: (id) => readSnapshot(database, id),
    remove: (claimed, removal) => removeImage(database, claimed, removal),
  };
}

function toClaimed(runId: string, row: ClaimedRow): ClaimedPolicy {
  return {
    ...{ runId, repositoryId: row.repository_id, name: row.name, text: row.document },
    scope: { id: row.registry_id, account: row.account_id, region: row.region },
    ...{ policyId: row.policy_id, version: row.version, evaluatedAt: row.evaluated_at ?? undefined },
  };
}
