import type { KeyUsageStore } from "../../../iam/principals/usage.ts";
import type { Database } from "../database.ts";

const RECORD_KEYS = {
  name: "iam_key_usage_record",
  text: `INSERT INTO access_key_usage (access_key_id, used_at, service, region)
      SELECT k.id, u.at, u.service, u.region
      FROM unnest($1::text[], $2::timestamptz[], $3::text[], $4::text[]) AS u (id, at, service, region)
        JOIN access_keys k ON k.id = u.id ORDER BY k.id
    ON CONFLICT (access_key_id) DO UPDATE
      SET used_at = EXCLUDED.used_at, service = EXCLUDED.service, region = EXCLUDED.region
      WHERE access_key_usage.used_at < EXCLUDED.used_at`,
};
const RECORD_ROLES = {
  name: "iam_role_usage_record",
  text: `INSERT INTO iam_role_usage (role_id, used_at, region)
      SELECT DISTINCT ON (n.role_id) n.role_id, u.at, u.region
      FROM unnest($1::text[], $2::timestamptz[], $3::text[]) AS u (id, at, region)
        JOIN iam_sessions n ON n.access_key_id = u.id AND n.role_id IS NOT NULL
      ORDER BY n.role_id, u.at DESC
    ON CONFLICT (role_id) DO UPDATE SET used_at = EXCLUDED.used_at, region = EXCLUDED.region
      WHERE iam_role_usage.used_at < EXCLUDED.used_at`,
};

/** When keys and roles were last used. Rows are written in the order of their keys, so that nodes never deadlock. */
export function postgresKeyUsage(database: Database): KeyUsageStore {
  return {
    async record(uses) {
      const ids = uses.map(({ accessKeyId }) => accessKeyId);
      const times = uses.map(({ at }) => at);
      const regions = uses.map(({ region }) => region);
      const services = uses.map(({ service }) => service);
      await database.run(RECORD_KEYS, [ids, times, services, regions]);
      await database.run(RECORD_ROLES, [ids, times, regions]);
    },
  };
}
