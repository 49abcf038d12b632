import type { AccessKeyStore } from "../../iam/access-keys.ts";
import type { Database } from "./database.ts";

const FIND = {
  name: "access_key_find",
  text: `SELECT id, account_id, principal_arn, secret_ciphertext, master_key_id FROM access_keys
    WHERE id = $1 AND active`,
};
const ACCOUNT = {
  name: "account_insert",
  text: "INSERT INTO accounts (id, created_at) VALUES ($1, $2) ON CONFLICT DO NOTHING",
};
const REGISTRY = {
  name: "registry_insert",
  text: "INSERT INTO registries (account_id, region) VALUES ($1, $2) ON CONFLICT DO NOTHING",
};
const HAS_KEY = {
  name: "access_key_any",
  text: "SELECT 1 FROM access_keys WHERE account_id = $1 AND principal_arn = $2 AND active LIMIT 1",
};
const PUT = {
  name: "access_key_put",
  text: `INSERT INTO access_keys (id, account_id, principal_arn, secret_ciphertext, master_key_id, created_at)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (id) DO UPDATE SET secret_ciphertext = EXCLUDED.secret_ciphertext,
      master_key_id = EXCLUDED.master_key_id, active = true
    WHERE access_keys.account_id = EXCLUDED.account_id AND access_keys.principal_arn = EXCLUDED.principal_arn
    RETURNING id`,
};

export function postgresAccessKeys(database: Database): AccessKeyStore {
  return {
    async find(id) {
      const [row] = await database.read<{
        id: string;
        account_id: string;
        principal_arn: string;
        secret_ciphertext: Buffer;
        master_key_id: string;
      }>(FIND, [id]);
      return (
        row && {
          id: row.id,
          account: row.account_id,
          principal: row.principal_arn,
          sealed: { masterKeyId: row.master_key_id, ciphertext: row.secret_ciphertext },
        }
      );
    },
    createAccount: (account, region, at) =>
      database.transaction(async (tx) => {
        await tx.query(ACCOUNT, [account, at]);
        await tx.query(REGISTRY, [account, region]);
      }),
    async hasKey(account, principal) {
      return (await database.run(HAS_KEY, [account, principal])).length > 0;
    },
    async put(key, at) {
      const { id, account, principal, sealed } = key;
      const rows = await database.run(PUT, [
        id,
        account,
        principal,
        sealed.ciphertext,
        sealed.masterKeyId,
        at,
      ]);
      return rows.length > 0;
    },
  };
}
