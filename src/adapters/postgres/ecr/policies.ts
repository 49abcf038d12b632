import type { PolicyText, RegistryPolicies, RepositoryPolicies } from "../../../iam/access/policy-texts.ts";
import type { RegistryAddress } from "../../../registry/scope.ts";
import { recordChange } from "../audit/record.ts";
import type { Database } from "../database.ts";
import type { Transaction } from "../transaction.ts";
import { registryFor } from "./registry-id.ts";

// Held against deletion until the policy is written.
const LOCK_REPOSITORY = {
  name: "ecr_lock_repository",
  text: `SELECT r.id FROM repositories r JOIN registries g ON g.id = r.registry_id
    WHERE g.account_id = $1 AND g.region = $2 AND r.name = $3 AND r.deleted_at IS NULL FOR KEY SHARE OF r`,
};
const SET = {
  name: "ecr_repository_policy_set",
  text: `INSERT INTO repository_policies (repository_id, document, updated_at) VALUES ($1, $2, $3)
    ON CONFLICT (repository_id) DO UPDATE SET document = EXCLUDED.document, updated_at = EXCLUDED.updated_at`,
};
const GET = {
  name: "ecr_repository_policy_get",
  text: `SELECT p.document FROM repositories r JOIN registries g ON g.id = r.registry_id
      LEFT JOIN repository_policies p ON p.repository_id = r.id
    WHERE g.account_id = $1 AND g.region = $2 AND r.name = $3 AND r.deleted_at IS NULL`,
};
const DELETE = {
  name: "ecr_repository_policy_delete",
  text: "DELETE FROM repository_policies WHERE repository_id = $1 RETURNING document",
};
const PUT_REGISTRY = {
  name: "ecr_registry_policy_put",
  text: `INSERT INTO registry_policies (registry_id, document, updated_at) VALUES ($1, $2, $3)
    ON CONFLICT (registry_id) DO UPDATE SET document = EXCLUDED.document, updated_at = EXCLUDED.updated_at`,
};
const GET_REGISTRY = {
  name: "ecr_registry_policy_get",
  text: `SELECT p.document FROM registries g JOIN registry_policies p ON p.registry_id = g.id
    WHERE g.account_id = $1 AND g.region = $2`,
};
// The scope outlives the text.
const DELETE_REGISTRY = {
  name: "ecr_registry_policy_delete",
  text: `UPDATE registry_policies p SET document = NULL, updated_at = $3 FROM (
      SELECT q.registry_id, q.document FROM registries g JOIN registry_policies q ON q.registry_id = g.id
      WHERE g.account_id = $1 AND g.region = $2 FOR UPDATE OF q) AS before
    WHERE p.registry_id = before.registry_id RETURNING before.document`,
};

interface Text {
  readonly document: string | null;
}

/** Policies of repositories, kept as they were given. */
export function postgresRepositoryPolicies(database: Database): RepositoryPolicies {
  return {
    set: (registry, name, text, cause, at) =>
      database.transaction(async (tx) => {
        const id = await lockRepository(tx, registry, name);
        if (id === undefined) return "unknown";
        await tx.query(SET, [id, text, at]);
        await recordChange(tx, cause, at);
        return "set";
      }),
    async get({ account, region }, name) {
      const [row] = await database.run<Text>(GET, [account, region, name]);
      return row === undefined ? "unknown" : toText(row);
    },
    delete: (registry, name, cause, at) =>
      database.transaction(async (tx) => {
        const id = await lockRepository(tx, registry, name);
        if (id === undefined) return "unknown";
        const [deleted] = await tx.query<Text>(DELETE, [id]);
        if (deleted !== undefined) await recordChange(tx, cause, at);
        return toText(deleted);
      }),
  };
}

/** The policy of each registry. */
export function postgresRegistryPolicies(database: Database): RegistryPolicies {
  return {
    put: (registry, text, cause, at) =>
      database.transaction(async (tx) => {
        const id = await registryFor(tx, registry);
        await tx.query(PUT_REGISTRY, [id, text, at]);
        await recordChange(tx, cause, at);
      }),
    async get({ account, region }) {
      const [row] = await database.run<Text>(GET_REGISTRY, [account, region]);
      return row?.document ?? undefined;
    },
    delete: ({ account, region }, cause, at) =>
      database.transaction(async (tx) => {
        const [row] = await tx.query<Text>(DELETE_REGISTRY, [account, region, at]);
        const text = row?.document ?? undefined;
        if (text !== undefined) await recordChange(tx, cause, at);
        return text;
      }),
  };
}

async function lockRepository(
  tx: Transaction,
  { account, region }: RegistryAddress,
  name: string,
): Promise<number | undefined> {
  return (await tx.query<{ id: number }>(LOCK_REPOSITORY, [account, region, name]))[0]?.id;
}

function toText(row: Text | undefined): PolicyText {
  return { text: row?.document ?? undefined };
}
