import type { AccountFacts, AccountStore } from "../../../iam/principals/accounts.ts";
import { recordChange } from "../audit/record.ts";
import type { Database } from "../database.ts";
import type { Transaction } from "../transaction.ts";

const COLUMNS = `id, name, disabled, created_at AS "createdAt",
  (SELECT alias FROM account_aliases WHERE account_id = accounts.id) AS alias`;
const INSERT = {
  name: "iam_account_insert",
  text: "INSERT INTO accounts (id, name, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING id",
};
const REGISTRY = {
  name: "iam_account_registry_insert",
  text: "INSERT INTO registries (account_id, region) VALUES ($1, $2) ON CONFLICT DO NOTHING",
};
const FIND = { name: "iam_account_find", text: `SELECT ${COLUMNS} FROM accounts WHERE id = $1` };
const LIST = {
  name: "iam_account_list",
  text: `SELECT ${COLUMNS} FROM accounts WHERE id > $1 ORDER BY id LIMIT $2`,
};
const DISABLE = {
  name: "iam_account_set_disabled",
  text: "UPDATE accounts SET disabled = $2 WHERE id = $1 RETURNING id",
};

/** Accounts in Postgres. */
export function postgresAccounts(database: Database): AccountStore {
  return {
    create: (account, region, cause, at) =>
      database.transaction(async (tx: Transaction) => {
        const inserted = await tx.query(INSERT, [account.id, account.name, at]);
        await tx.query(REGISTRY, [account.id, region]);
        if (inserted.length > 0) await recordChange(tx, cause, at, { name: account.name });
        return inserted.length > 0;
      }),
    async find(id) {
      const [row] = await database.run<Row>(FIND, [id]);
      return row && toFacts(row);
    },
    async list(after, limit) {
      return (await database.run<Row>(LIST, [after, limit])).map(toFacts);
    },
    setDisabled: (id, disabled, cause, at) =>
      database.transaction(async (tx) => {
        const updated = await tx.query(DISABLE, [id, disabled]);
        if (updated.length > 0) await recordChange(tx, cause, at);
        return updated.length > 0;
      }),
  };
}

type Row = Omit<AccountFacts, "name" | "alias"> & {
  readonly name: string | null;
  readonly alias: string | null;
};

function toFacts({ name, alias, ...facts }: Row): AccountFacts {
  return { ...facts, name: name ?? undefined, alias: alias ?? undefined };
}
