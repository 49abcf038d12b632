import type { KeyCount, MasterKeyRecord } from "../../../iam/master-key-check.ts";
import type { Database } from "../database.ts";

const TABLES = {
  name: "master_key_tables",
  text: `SELECT to_regclass('master_key_check') IS NOT NULL AS "hasCheck",
      to_regclass('access_keys') IS NOT NULL AS "hasKeys", to_regclass('signing_keys') IS NOT NULL AS "hasSigning"`,
};
const FIND = {
  name: "master_key_find",
  text: `SELECT ciphertext, master_key_id AS "masterKeyId" FROM master_key_check`,
};
const CLAIM = {
  name: "master_key_claim",
  text: "INSERT INTO master_key_check (ciphertext, master_key_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
};
const REPLACE = {
  name: "master_key_replace",
  text: `INSERT INTO master_key_check (ciphertext, master_key_id) VALUES ($1, $2)
    ON CONFLICT (single) DO UPDATE SET ciphertext = EXCLUDED.ciphertext, master_key_id = EXCLUDED.master_key_id`,
};

const ACCESS_KEYS = "SELECT master_key_id FROM access_keys";
const SIGNING_KEYS = "SELECT master_key_id FROM signing_keys WHERE retired_at IS NULL";

interface Tables {
  readonly hasCheck: boolean;
  readonly hasKeys: boolean;
  readonly hasSigning: boolean;
}

/** The record in Postgres. Finding and counting work on every schema that a Berth has ever made, and on none. */
export function postgresMasterKeyRecord(database: Database): MasterKeyRecord {
  const tables = async (): Promise<Tables | undefined> => (await database.run<Tables>(TABLES, []))[0];
  return {
    async find() {
      if (!(await tables())?.hasCheck) return undefined;
      return (await database.run<{ ciphertext: Buffer; masterKeyId: string }>(FIND, []))[0];
    },
    async claim({ ciphertext, masterKeyId }) {
      await database.run(CLAIM, [ciphertext, masterKeyId]);
    },
    async replace({ ciphertext, masterKeyId }) {
      await database.run(REPLACE, [ciphertext, masterKeyId]);
    },
    async countByKey() {
      const found = await tables();
      const sources = [
        ...(found?.hasKeys ? [ACCESS_KEYS] : []),
        ...(found?.hasSigning ? [SIGNING_KEYS] : []),
      ];
      if (sources.length === 0) return [];
      const text = `SELECT master_key_id AS "masterKeyId", count(*) AS secrets
        FROM (${sources.join(" UNION ALL ")}) AS every GROUP BY master_key_id ORDER BY secrets DESC, master_key_id`;
      return database.run<KeyCount>({ name: `master_key_count_${sources.length}`, text }, []);
    },
  };
}
