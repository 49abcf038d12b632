import type { AccountCounts, AccountReader, AccountWriter } from "../../../iam/principals/ports/index.ts";
import type { Run } from "./run.ts";

const FIND_ALIAS = {
  name: "account_alias_find",
  text: "SELECT alias FROM account_aliases WHERE account_id = $1",
};
const COUNTS = {
  name: "account_counts",
  text: `SELECT count(*) FILTER (WHERE kind = 'user') AS users, count(*) FILTER (WHERE kind = 'group') AS groups,
      count(*) FILTER (WHERE kind = 'role') AS roles,
      (SELECT count(*) FROM iam_policies WHERE account_id = $1) AS policies,
      (SELECT count(*) FROM iam_policy_versions WHERE account_id = $1) AS "policyVersions",
      (SELECT count(*) FROM iam_oidc_providers WHERE account_id = $1) AS "oidcProviders",
      (SELECT count(*) FROM iam_instance_profiles WHERE account_id = $1) AS "instanceProfiles",
      (SELECT count(*) FROM access_keys WHERE account_id = $1 AND user_id IS NULL) AS "rootAccessKeys",
      (SELECT count(*) FROM iam_mfa_devices WHERE account_id = $1) AS "mfaDevices",
      (SELECT count(*) FROM iam_mfa_devices WHERE account_id = $1 AND enabled_at IS NOT NULL) AS "mfaDevicesInUse",
      (SELECT count(*) FROM iam_mfa_devices WHERE account_id = $1 AND of_root) AS "rootMfaDevices"
    FROM iam_entities WHERE account_id = $1`,
};
const FREE_ALIAS = {
  name: "account_alias_free",
  text: "DELETE FROM account_aliases WHERE account_id = $1 AND alias <> $2",
};
const SET_ALIAS = {
  name: "account_alias_set",
  text: `INSERT INTO account_aliases (alias, account_id, created_at) VALUES ($1, $2, $3)
    ON CONFLICT (alias) DO UPDATE SET alias = EXCLUDED.alias
    WHERE account_aliases.account_id = EXCLUDED.account_id RETURNING alias`,
};
const DELETE_ALIAS = {
  name: "account_alias_delete",
  text: "DELETE FROM account_aliases WHERE account_id = $1 AND alias = $2 RETURNING alias",
};

export function accountReader(run: Run, account: string): AccountReader {
  return {
    async findAlias() {
      return (await run<{ alias: string }>(FIND_ALIAS, [account]))[0]?.alias;
    },
    async countAll() {
      const [row] = await run<AccountCounts>(COUNTS, [account]);
      if (row === undefined) throw new Error("a count gave no row");
      return row;
    },
  };
}

export function accountWriter(run: Run, account: string): AccountWriter {
  return {
    async setAlias(alias, at) {
      // The old one goes first, since an account has one; a refused new one undoes both with the transaction.
      await run(FREE_ALIAS, [account, alias]);
      return (await run(SET_ALIAS, [alias, account, at])).length > 0;
    },
    async deleteAlias(alias) {
      return (await run(DELETE_ALIAS, [account, alias])).length > 0;
    },
  };
}
