import type { SigningKeyStore, StoredSigningKey } from "../../../iam/tokens/signing-keys.ts";
import type { Database } from "../database.ts";

const LIST = {
  name: "signing_key_list",
  text: `SELECT kid, public_jwk AS "publicJwk", private_ciphertext, master_key_id, created_at AS "createdAt",
      retired_at AS "retiredAt"
    FROM signing_keys ORDER BY created_at DESC, kid`,
};
const LOCK = { name: "signing_key_lock", text: "LOCK TABLE signing_keys IN SHARE ROW EXCLUSIVE MODE" };
const SIGNING = {
  name: "signing_key_signing",
  text: "SELECT kid FROM signing_keys WHERE retired_at IS NULL ORDER BY created_at DESC, kid LIMIT 1",
};
const RETIRE = {
  name: "signing_key_retire",
  text: "UPDATE signing_keys SET retired_at = $1 WHERE retired_at IS NULL",
};
const INSERT = {
  name: "signing_key_insert",
  text: `INSERT INTO signing_keys (kid, public_jwk, private_ciphertext, master_key_id, created_at)
    VALUES ($1, $2, $3, $4, $5)`,
};
const FORGET = { name: "signing_key_forget", text: "DELETE FROM signing_keys WHERE retired_at < $1" };

/** Keys that sign Berth's tokens, in Postgres. */
export function postgresSigningKeys(database: Database): SigningKeyStore {
  return {
    async list() {
      const rows = await database.run<Row>(LIST, []);
      return rows.map(
        ({ private_ciphertext: ciphertext, master_key_id: masterKeyId, retiredAt, ...row }) => ({
          ...row,
          privateJwk: { masterKeyId, ciphertext },
          retiredAt: retiredAt ?? undefined,
        }),
      );
    },
    // Who may meet: nodes that make the first key, or replace an old one, at the same time. One at a time: the second finds
    // the key of the first, and leaves it.
    add: ({ kid, publicJwk, privateJwk, createdAt }, replaces) =>
      database.transaction(async (tx) => {
        await tx.query(LOCK, []);
        const [signing] = await tx.query<{ kid: string }>(SIGNING, []);
        if (replaces !== undefined && (signing?.kid ?? null) !== replaces) return false;
        await tx.query(RETIRE, [createdAt]);
        const { ciphertext, masterKeyId } = privateJwk;
        await tx.query(INSERT, [kid, publicJwk, ciphertext, masterKeyId, createdAt]);
        return true;
      }),
    async removeRetired(before) {
      await database.run(FORGET, [before]);
    },
  };
}

type Row = Omit<StoredSigningKey, "privateJwk" | "retiredAt"> & {
  readonly private_ciphertext: Buffer;
  readonly master_key_id: string;
  readonly retiredAt: Date | null;
};
