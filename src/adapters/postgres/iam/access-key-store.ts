import type { AccessKeyStore } from "../../../iam/access-keys.ts";
import { iamArn, parseIamArn, rootArn } from "../../../iam/principals/arns.ts";
import type { EntityId } from "../../../iam/principals/entity.ts";
import { newUniqueId } from "../../../iam/principals/unique-ids.ts";
import { recordChange } from "../audit/record.ts";
import type { Database } from "../database.ts";
import type { Transaction } from "../transaction.ts";
import { postgresAccounts } from "./accounts.ts";

/** What the administrator of an account may do: a policy like any other, that people can change. */
const ADMINISTRATOR_ACCESS = {
  name: "AdministratorAccess",
  document: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`,
};

const FIND = {
  name: "access_key_find_any",
  // A key of the first schema, which had no users, has the ARN of its principal alone.
  text: `SELECT k.id, k.account_id, k.active, k.secret_ciphertext, k.master_key_id, k.principal_arn, e.path, e.name
    FROM access_keys k LEFT JOIN iam_entities e ON e.id = k.user_id WHERE k.id = $1`,
};
const HAS_KEY = {
  name: "access_key_of_user",
  text: `SELECT 1 FROM access_keys k JOIN iam_entities e ON e.id = k.user_id
    WHERE k.account_id = $1 AND e.kind = 'user' AND e.path = $2 AND e.name = $3 AND k.active LIMIT 1`,
};
const LOCK_ACCOUNT = {
  name: "access_key_lock_account",
  text: "SELECT id FROM accounts WHERE id = $1 FOR NO KEY UPDATE",
};
const FIND_USER = {
  name: "access_key_user",
  text: "SELECT id FROM iam_entities WHERE account_id = $1 AND kind = 'user' AND path = $2 AND name = $3",
};
const INSERT_USER = {
  name: "access_key_user_insert",
  text: `INSERT INTO iam_entities (account_id, kind, unique_id, path, name, created_at)
    VALUES ($1, 'user', $2, $3, $4, $5) RETURNING id`,
};
const INSERT_POLICY = {
  name: "access_key_user_policy",
  text: "INSERT INTO iam_inline_policies (account_id, entity_id, name, document) VALUES ($1, $2, $3, $4)",
};
const ADD = {
  name: "access_key_add_for_user",
  text: `INSERT INTO access_keys (id, account_id, user_id, secret_ciphertext, master_key_id, created_at)
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO NOTHING RETURNING id`,
};
const RESEAL = {
  name: "access_key_reseal",
  text: `UPDATE access_keys SET secret_ciphertext = $2, master_key_id = $3 WHERE id = $1 AND master_key_id = $4`,
};

interface KeyRow {
  readonly id: string;
  readonly account_id: string;
  readonly active: boolean;
  readonly secret_ciphertext: Buffer;
  readonly master_key_id: string;
  readonly principal_arn: string | null;
  readonly path: string | null;
  readonly name: string | null;
}

/** Keys as the start of a node needs them. To add one makes the user and lets it do everything. */
export function postgresAccessKeyStore(database: Database): AccessKeyStore {
  return {
    async find(id) {
      const [row] = await database.run<KeyRow>(FIND, [id]);
      return (
        row && {
          ...{ id: row.id, account: row.account_id, principal: principalOf(row), active: row.active },
          sealed: { masterKeyId: row.master_key_id, ciphertext: row.secret_ciphertext },
        }
      );
    },
    async createAccount(account, region, cause, at) {
      await postgresAccounts(database).create({ id: account, name: undefined }, region, cause, at);
    },
    async hasKey(account, principal) {
      const { path, name } = userOf(principal);
      return (await database.run(HAS_KEY, [account, path, name])).length > 0;
    },
    // Who may meet: nodes that start at once. The account's row lets one after the other in; the later ones find the
    // user, and the key.
    add: ({ id, account, principal, sealed }, cause, at) =>
      database.transaction(async (tx) => {
        await tx.query(LOCK_ACCOUNT, [account]);
        const user = await findOrCreate(tx, account, principal, at);
        const values = [id, account, user, sealed.ciphertext, sealed.masterKeyId, at];
        const added = await tx.query(ADD, values);
        if (added.length > 0) await recordChange(tx, cause, at, { accessKeyId: id });
      }),
    async reseal(id, { ciphertext, masterKeyId }, from) {
      await database.run(RESEAL, [id, ciphertext, masterKeyId, from]);
    },
  };
}

function principalOf({ account_id, principal_arn, path, name }: KeyRow): string {
  if (path !== null && name !== null) return iamArn({ account: account_id, kind: "user", path, name });
  return principal_arn ?? rootArn(account_id);
}

async function findOrCreate(
  tx: Transaction,
  account: string,
  principal: string,
  at: Date,
): Promise<EntityId | undefined> {
  const { path, name } = userOf(principal);
  const [found] = await tx.query<{ id: EntityId }>(FIND_USER, [account, path, name]);
  if (found !== undefined) return found.id;
  const [made] = await tx.query<{ id: EntityId }>(INSERT_USER, [
    account,
    newUniqueId("user"),
    path,
    name,
    at,
  ]);
  const { name: policy, document } = ADMINISTRATOR_ACCESS;
  await tx.query(INSERT_POLICY, [account, made?.id, policy, document]);
  return made?.id;
}

function userOf(principal: string): { path: string; name: string } {
  const parts = parseIamArn(principal);
  if (parts?.kind !== "user") throw new Error(`${principal} is not the ARN of a user`);
  return parts;
}
