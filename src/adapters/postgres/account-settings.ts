import type { AccountSettingStore, AccountSettings } from "../../registry/ports/index.ts";
import type { Scope } from "../../registry/scope.ts";
import { recordChange, registryChange } from "./audit/record.ts";
import type { Database } from "./database.ts";
import { lockAccount } from "./policies.ts";
import type { Statement } from "./statement.ts";
import type { Transaction } from "./transaction.ts";

const FIND = {
  name: "account_settings_find",
  text: `SELECT g.basic_scan_type_version AS "BASIC_SCAN_TYPE_VERSION", g.blob_mounting AS "BLOB_MOUNTING",
      coalesce(p.scope, 'V2') AS "REGISTRY_POLICY_SCOPE"
    FROM registries g LEFT JOIN registry_policies p ON p.registry_id = g.id WHERE g.id = $1`,
};

type ColumnOfRegistries = "basic_scan_type_version" | "blob_mounting";

const putInto = (column: ColumnOfRegistries): Statement => ({
  name: `account_setting_put_${column}`,
  text: `UPDATE registries SET ${column} = $2 WHERE id = $1 AND ${column} <> $2 RETURNING 1`,
});
const PUT_SCAN_TYPE = putInto("basic_scan_type_version");
const PUT_MOUNTING = putInto("blob_mounting");
const CHANGE_SCOPE = {
  name: "account_setting_change_scope",
  text: `UPDATE registry_policies SET scope = $2, updated_at = $3 WHERE registry_id = $1 AND scope <> $2
    RETURNING 1`,
};
// Without a row the scope is V2.
const PUT_SCOPE = {
  name: "account_setting_put_scope",
  text: `INSERT INTO registry_policies (registry_id, scope, updated_at)
    SELECT $1, $2, $3 WHERE $2 <> 'V2' ON CONFLICT (registry_id) DO NOTHING RETURNING 1`,
};

/** Account settings in Postgres. */
export function postgresAccountSettings(database: Database): AccountSettingStore {
  return {
    async find({ id }) {
      const [row] = await database.run<AccountSettings>(FIND, [id]);
      if (row === undefined) throw new Error(`there is no registry ${id}`);
      return row;
    },
    put: (scope, name, value, cause, at) =>
      database.transaction(async (tx) => {
        if (await PUT[name](tx, scope, value, at)) {
          await recordChange(tx, cause, at, { setting: { name, value } }, registryChange(scope.id));
        }
      }),
  };
}

/** How each setting is put; true when it had another value. */
const PUT: Readonly<
  Record<keyof AccountSettings, (tx: Transaction, scope: Scope, value: string, at: Date) => Promise<boolean>>
> = {
  BASIC_SCAN_TYPE_VERSION: async (tx, { id }, value) =>
    (await tx.query(PUT_SCAN_TYPE, [id, value])).length > 0,
  BLOB_MOUNTING: async (tx, { id }, value) => (await tx.query(PUT_MOUNTING, [id, value])).length > 0,
  // Who may meet: the scope and the text of a registry's policy, which have one row. Both take the account first; the
  // second finds the row as the first has left it, and changes its own half alone.
  async REGISTRY_POLICY_SCOPE(tx, scope, value, at) {
    await lockAccount(tx, scope);
    const values = [scope.id, value, at];
    if ((await tx.query(CHANGE_SCOPE, values)).length > 0) return true;
    return (await tx.query(PUT_SCOPE, values)).length > 0;
  },
};
