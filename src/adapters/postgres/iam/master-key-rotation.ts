import type { MasterKey } from "../../../iam/master-key.ts";
import { sealCheck } from "../../../iam/master-key-check.ts";
import type { SealedSecrets } from "../../../iam/master-key-rotation.ts";
import type { Database } from "../database.ts";
import type { Statement } from "../statement.ts";
import type { Transaction } from "../transaction.ts";
import { postgresMasterKeyRecord } from "./master-key-record.ts";

interface Place {
  /** Rows that a change of these accounts may hold as well: who takes both takes the account first. */
  readonly lock: Statement | undefined;
  readonly find: Statement;
  readonly update: Statement;
}

/** The secret of a row is bound to its id. */
function place(table: string, id: string, secret: string, ofAccounts: boolean): Place {
  const lock = {
    name: `reseal_lock_${table}`,
    text: `SELECT id FROM accounts WHERE id IN (
        SELECT account_id FROM ${table} WHERE master_key_id <> $1 ORDER BY ${id} LIMIT $2)
      ORDER BY id FOR NO KEY UPDATE`,
  };
  return {
    lock: ofAccounts ? lock : undefined,
    find: {
      name: `reseal_find_${table}`,
      text: `SELECT ${id} AS id, ${secret} AS ciphertext, master_key_id AS "masterKeyId" FROM ${table}
        WHERE master_key_id <> $1 ${ofAccounts ? "AND account_id = ANY($3)" : ""}
        ORDER BY ${id} LIMIT $2 FOR NO KEY UPDATE`,
    },
    update: {
      name: `reseal_update_${table}`,
      text: `UPDATE ${table} SET ${secret} = u.ciphertext, master_key_id = $1
        FROM unnest($2::text[], $3::bytea[]) AS u (id, ciphertext) WHERE ${table}.${id} = u.id`,
    },
  };
}

const PLACES: readonly Place[] = [
  // A change of keys moves the version of their accounts on.
  place("access_keys", "id", "secret_ciphertext", true),
  place("iam_sessions", "access_key_id", "secret_ciphertext", false),
  place("iam_mfa_devices", "serial_number", "seed_ciphertext", false),
  place("signing_keys", "kid", "private_ciphertext", false),
  place("webhooks", "id", "secret_ciphertext", false),
];

const COUNT = {
  name: "reseal_count",
  text: `SELECT master_key_id AS "masterKeyId", count(*) AS secrets FROM (
      SELECT master_key_id FROM access_keys
      UNION ALL SELECT master_key_id FROM iam_sessions
      UNION ALL SELECT master_key_id FROM iam_mfa_devices
      UNION ALL SELECT master_key_id FROM signing_keys
      UNION ALL SELECT master_key_id FROM webhooks) AS every
    GROUP BY master_key_id ORDER BY master_key_id`,
};

interface Row {
  readonly id: string;
  readonly ciphertext: Buffer;
  readonly masterKeyId: string;
}

/** Secrets in Postgres. A row tells which key it is under, so that a rotation goes on wherever it was interrupted. */
export function postgresSealedSecrets(database: Database): SealedSecrets {
  const record = postgresMasterKeyRecord(database);
  return {
    adopt: (masterKey) => record.replace(sealCheck(masterKey)),
    countByKey: () => database.run(COUNT, []),
    async reseal(masterKey, limit) {
      for (const each of PLACES) {
        const done = await database.transaction((tx) => resealIn(tx, each, masterKey, limit));
        if (done > 0) return done;
      }
      return 0;
    },
  };
}

async function resealIn(tx: Transaction, place: Place, masterKey: MasterKey, limit: number): Promise<number> {
  const { lock, find, update } = place;
  const values: unknown[] = [masterKey.id, limit];
  if (lock !== undefined) {
    const locked = await tx.query<{ id: string }>(lock, values);
    values.push(locked.map(({ id }) => id));
  }
  const rows = await tx.query<Row>(find, values);
  if (rows.length === 0) return 0;
  const sealed = rows.map((row) => masterKey.seal(masterKey.open(row, row.id), row.id).ciphertext);
  await tx.query(update, [masterKey.id, rows.map(({ id }) => id), sealed]);
  return rows.length;
}
