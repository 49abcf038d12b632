import { missingPrincipal } from "../../iam/principals/missing-principal.ts";
import { writtenPolicy } from "../../iam/principals/written-policy.ts";
import type { RepositoryName } from "../../registry/names.ts";
import type { MissingPrincipal, PolicyStore, PolicyText, RepositoryId } from "../../registry/ports/index.ts";
import type { Scope } from "../../registry/scope.ts";
import { type ChangeEvent, recordChange, registryChange } from "./audit/record.ts";
import type { Database } from "./database.ts";
import { namedPrincipals } from "./iam/named-principals.ts";
import { keepRepository } from "./keep-repository.ts";
import type { Transaction } from "./transaction.ts";

const LOCK_ACCOUNT = {
  name: "policy_lock_account",
  text: "SELECT FROM accounts WHERE id = $1 FOR NO KEY UPDATE",
};
// Held against deletion until the policy is written, and against whoever tags it, who takes the account after it as well.
const LOCK_REPOSITORY = {
  name: "policy_lock_repository",
  text: `SELECT id FROM repositories WHERE registry_id = $1 AND name = $2 AND deleted_at IS NULL FOR NO KEY UPDATE`,
};
const SET = {
  name: "repository_policy_set",
  text: `INSERT INTO repository_policies (repository_id, document, updated_at) VALUES ($1, $2, $3)
    ON CONFLICT (repository_id) DO UPDATE SET document = EXCLUDED.document, updated_at = EXCLUDED.updated_at`,
};
const GET = {
  name: "repository_policy_get",
  text: `SELECT p.document FROM repositories r LEFT JOIN repository_policies p ON p.repository_id = r.id
    WHERE r.registry_id = $1 AND r.name = $2 AND r.deleted_at IS NULL`,
};
const DELETE = {
  name: "repository_policy_delete",
  text: "DELETE FROM repository_policies WHERE repository_id = $1 RETURNING document",
};
const SET_REGISTRY = {
  name: "registry_policy_set",
  text: `INSERT INTO registry_policies (registry_id, document, updated_at) VALUES ($1, $2, $3)
    ON CONFLICT (registry_id) DO UPDATE SET document = EXCLUDED.document, updated_at = EXCLUDED.updated_at`,
};
const GET_REGISTRY = {
  name: "registry_policy_get",
  text: "SELECT document FROM registry_policies WHERE registry_id = $1",
};
// The scope of a registry's policy outlives its text.
const DELETE_REGISTRY = {
  name: "registry_policy_delete",
  text: `UPDATE registry_policies p SET document = NULL, updated_at = $2 FROM (
      SELECT registry_id, document FROM registry_policies WHERE registry_id = $1 FOR UPDATE) AS before
    WHERE p.registry_id = before.registry_id RETURNING before.document`,
};

interface Row {
  readonly document: string | null;
}

/** Policies of repositories and registries in Postgres. */
export function postgresPolicies(database: Database): PolicyStore {
  return {
    async ofRepository(scope, name) {
      const [row] = await database.run<Row>(GET, [scope.id, name]);
      return row === undefined ? "unknown" : toText(row);
    },
    setOfRepository: (scope, name, text, cause, at) =>
      database.transaction(async (tx) => {
        const id = await lockRepository(tx, scope, name);
        if (id === undefined) return "unknown";
        await lockAccount(tx, scope);
        const missing = await writeRepositoryPolicy(tx, id, text, at);
        if (missing !== undefined) return missing;
        await keepRepository(tx, id);
        await recordChange(tx, cause, at, {}, changeOf(scope, name));
        return "set";
      }),
    deleteOfRepository: (scope, name, cause, at) =>
      database.transaction(async (tx) => {
        const id = await lockRepository(tx, scope, name);
        if (id === undefined) return "unknown";
        await lockAccount(tx, scope);
        const [deleted] = await tx.query<Row>(DELETE, [id]);
        if (deleted !== undefined) await recordChange(tx, cause, at, {}, changeOf(scope, name));
        return toText(deleted);
      }),
    async ofRegistry({ id }) {
      const [row] = await database.run<Row>(GET_REGISTRY, [id]);
      return row?.document ?? undefined;
    },
    setOfRegistry: (scope, text, cause, at) =>
      database.transaction(async (tx) => {
        await lockAccount(tx, scope);
        const missing = await missingPrincipal(namedPrincipals(tx.query), "registry", text);
        if (missing !== undefined) return { missing };
        await tx.query(SET_REGISTRY, [scope.id, writtenPolicy(text), at]);
        await recordChange(tx, cause, at, {}, registryChange(scope.id));
        return "set";
      }),
    deleteOfRegistry: (scope, cause, at) =>
      database.transaction(async (tx) => {
        await lockAccount(tx, scope);
        const [row] = await tx.query<Row>(DELETE_REGISTRY, [scope.id, at]);
        const text = row?.document ?? undefined;
        if (text !== undefined) await recordChange(tx, cause, at, {}, registryChange(scope.id));
        return text;
      }),
  };
}

/** Writes the policy of a repository, unless it names somebody who does not exist. The account is locked. */
export async function writeRepositoryPolicy(
  tx: Transaction,
  id: RepositoryId,
  text: string,
  at: Date,
): Promise<MissingPrincipal | undefined> {
  const missing = await missingPrincipal(namedPrincipals(tx.query), "repository", text);
  if (missing !== undefined) return { missing };
  await tx.query(SET, [id, writtenPolicy(text), at]);
  return undefined;
}

// Who may meet: a policy that begins to name a user, and the deletion of that user, in one account; or two changes of one
// policy. All take the account before they read or write, for its version moves on with each, and after registry and
// repository, as whoever makes or deletes a repository does. The second sees what the first has left.
export async function lockAccount(tx: Transaction, { account }: Scope): Promise<void> {
  await tx.query(LOCK_ACCOUNT, [account]);
}

async function lockRepository(
  tx: Transaction,
  { id }: Scope,
  name: RepositoryName,
): Promise<RepositoryId | undefined> {
  return (await tx.query<{ id: RepositoryId }>(LOCK_REPOSITORY, [id, name]))[0]?.id;
}

function changeOf({ id: registryId }: Scope, repository: RepositoryName): ChangeEvent {
  return { kind: "repository.change", registryId, repository };
}

function toText(row: Row | undefined): PolicyText {
  return { text: row?.document ?? undefined };
}
