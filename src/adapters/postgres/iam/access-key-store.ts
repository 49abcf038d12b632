import type { AccessKeyStore } from "../../../iam/access-keys.ts";
import { parseIamArn } from "../../../iam/principals/arns.ts";
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
  name: "access_key_find_active",
  text: `SELECT k.id, k.account_id, k.secret_ciphertext, k.master_key_id, e.path, e.name
    FROM access_keys k JOIN accounts a ON a.id = k.account_id LEFT JOIN iam_entities e ON e.id = k.user_id
    WHERE k.id = $1 AND k.active AND NOT a.disabled AND (k.user_id IS NOT NULL OR k.principal_arn IS NULL)`,
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
const PUT = {
  name: "access_key_put_for_user",
  text: `INSERT INTO access_keys (id, account_id, user_id, secret_ciphertext, master_key_id, created_at)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (id) DO UPDATE SET secret_ciphertext = EXCLUDED.secret_ciphertext,
      master_key_id = EXCLUDED.master_key_id, active = true, user_id = EXCLUDED.user_id
    WHERE access_keys.account_id = EXCLUDED.account_id
      -- A node of the first schema wrote the ARN alone.
      AND (access_keys.user_id = EXCLUDED.user_id OR access_keys.user_id IS NULL AND access_keys.principal_arn = $7)
    RETURNING xmax = 0 AS inserted`,
};

/** Keys as the start of a node and `docker login` need them. A put makes the user and lets it do everything. */
export function postgresAccessKeyStore(database: Database): AccessKeyStore {
  return {
    async find(id) {
      const [row] = await database.read<{
        readonly id: string;
        readonly account_id: string;
        readonly secret_ciphertext: Buffer;
        readonly master_key_id: string;
        readonly path: string | null;
        readonly name: string | null;
      }>(FIND, [id]);
      return (
        row && {
          id: row.id,
          account: row.account_id,
          principal: `arn:aws:iam::${row.account_id}:${row.name === null ? "root" : `user${row.path}${row.name}`}`,
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
    // user, and write the same key once more.
    put: ({ id, account, principal, sealed }, cause, at) =>
      database.transaction(async (tx) => {
        await tx.query(LOCK_ACCOUNT, [account]);
        const user = await findOrCreate(tx, account, principal, at);
        const values = [id, account, user, sealed.ciphertext, sealed.masterKeyId, at, principal];
        const put = await tx.query<{ inserted: boolean }>(PUT, values);
        if (put[0]?.inserted) await recordChange(tx, cause, at, { accessKeyId: id });
        return put.length > 0;
      }),
  };
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
