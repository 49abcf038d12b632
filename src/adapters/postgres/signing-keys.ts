import type { SigningKeyStore, StoredSigningKey } from "../../iam/tokens/signing-keys.ts";
import type { Database } from "./database.ts";

interface Row {
  kid: string;
  public_jwk: StoredSigningKey["publicJwk"];
  private_ciphertext: Buffer;
  master_key_id: string;
  created_at: Date;
  retired_at: Date | null;
}

const LIST = {
  name: "signing_key_list",
  text: `SELECT kid, public_jwk, private_ciphertext, master_key_id, created_at, retired_at
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
const REMOVE = { name: "signing_key_remove", text: "DELETE FROM signing_keys WHERE retired_at < $1" };

export function postgresSigningKeys(database: Database): SigningKeyStore {
  return {
    async list() {
      return (await database.run<Row>(LIST, [])).map(toKey);
    },
    // Who may meet: two nodes that both find no key, or an old one. Each adds its own and retires the others that it
    // sees; the set may hold two that sign for a while, and every node proves what either signed.
    add: (key) =>
      database.transaction(async (tx) => {
        const { kid, publicJwk, privateJwk, createdAt } = key;
        await tx.query(RETIRE, [createdAt]);
        const { ciphertext, masterKeyId } = privateJwk;
        await tx.query(INSERT, [kid, JSON.stringify(publicJwk), ciphertext, masterKeyId, createdAt]);
      }),
    async removeRetired(before) {
      await database.run(REMOVE, [before]);
    },
  };
}

function toKey(row: Row): StoredSigningKey {
  return {
    kid: row.kid,
    publicJwk: row.public_jwk,
    privateJwk: { ciphertext: row.private_ciphertext, masterKeyId: row.master_key_id },
    createdAt: row.created_at,
    retiredAt: row.retired_at ?? undefined,
  };
}
