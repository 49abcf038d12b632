import type { SigningKeyStore, StoredSigningKey } from "../../../iam/tokens/signing-keys.ts";
import type { Database } from "../database.ts";

const LIST = {
  name: "signing_key_list",
  text: `SELECT kid, public_jwk AS "publicJwk", private_ciphertext, master_key_id, created_at AS "createdAt",
      retired_at AS "retiredAt"
    FROM signing_keys ORDER BY created_at DESC, kid`,
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
    add: ({ kid, publicJwk, privateJwk, createdAt }) =>
      database.transaction(async (tx) => {
        await tx.query(RETIRE, [createdAt]);
        const { ciphertext, masterKeyId } = privateJwk;
        await tx.query(INSERT, [kid, publicJwk, ciphertext, masterKeyId, createdAt]);
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
