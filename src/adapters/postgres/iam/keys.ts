import type {
  AccessKeyFacts,
  AccessKeyReader,
  AccessKeyWriter,
  KeyOwner,
} from "../../../iam/principals/ports/index.ts";
import type { Run } from "./run.ts";

interface KeyRow {
  readonly id: string;
  readonly account_id: string;
  readonly user_name: string | null;
  readonly active: boolean;
  readonly created_at: Date;
  readonly used_at: Date | null;
  readonly service: string | null;
  readonly region: string | null;
}

const SELECT = `SELECT k.id, k.account_id, e.name AS user_name, k.active, k.created_at, u.used_at, u.service, u.region
  FROM access_keys k LEFT JOIN iam_entities e ON e.id = k.user_id
    LEFT JOIN access_key_usage u ON u.access_key_id = k.id`;

const LIST = {
  name: "iam_access_key_list",
  text: `${SELECT} WHERE k.account_id = $1 AND k.user_id IS NOT DISTINCT FROM $2::bigint ORDER BY k.created_at, k.id`,
};
const FIND = { name: "iam_access_key_find", text: `${SELECT} WHERE k.account_id = $1 AND k.id = $2` };
const INSERT = {
  name: "iam_access_key_insert",
  text: `INSERT INTO access_keys (id, account_id, user_id, secret_ciphertext, master_key_id, created_at)
    VALUES ($1, $2, $3, $4, $5, $6)`,
};
const SET_ACTIVE = {
  name: "iam_access_key_set_active",
  text: `UPDATE access_keys SET active = $4
    WHERE account_id = $1 AND user_id IS NOT DISTINCT FROM $2::bigint AND id = $3 RETURNING id`,
};
const DELETE = {
  name: "iam_access_key_delete",
  text: `DELETE FROM access_keys
    WHERE account_id = $1 AND user_id IS NOT DISTINCT FROM $2::bigint AND id = $3 RETURNING id`,
};

/** Keys of the root have no user. */
function userIdOf(owner: KeyOwner): number | null {
  return owner === "root" ? null : owner;
}

export function accessKeyReader(run: Run, account: string): AccessKeyReader {
  return {
    async listAccessKeys(owner) {
      return (await run<KeyRow>(LIST, [account, userIdOf(owner)])).map(toFacts);
    },
    async findAccessKey(id) {
      const [row] = await run<KeyRow>(FIND, [account, id]);
      return row && toFacts(row);
    },
  };
}

export function accessKeyWriter(run: Run, account: string): AccessKeyWriter {
  return {
    async insertAccessKey({ id, owner, sealed, createdAt }) {
      const { ciphertext, masterKeyId } = sealed;
      await run(INSERT, [id, account, userIdOf(owner), ciphertext, masterKeyId, createdAt]);
    },
    async setAccessKeyActive(owner, id, active) {
      return (await run(SET_ACTIVE, [account, userIdOf(owner), id, active])).length > 0;
    },
    async deleteAccessKey(owner, id) {
      return (await run(DELETE, [account, userIdOf(owner), id])).length > 0;
    },
  };
}

function toFacts(row: KeyRow): AccessKeyFacts {
  return {
    id: row.id,
    account: row.account_id,
    userName: row.user_name ?? undefined,
    active: row.active,
    createdAt: row.created_at,
    lastUsed:
      row.used_at === null
        ? undefined
        : { at: row.used_at, service: row.service ?? "", region: row.region ?? "" },
  };
}
