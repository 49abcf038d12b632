import type { CredentialReportReader, ReportedKey } from "../../../iam/principals/ports/index.ts";
import type { Run } from "./run.ts";

interface Row {
  readonly path: string | null;
  readonly name: string | null;
  readonly created_at: Date;
  readonly has_mfa: boolean;
  readonly keys: readonly {
    readonly active: boolean;
    readonly created_at: string;
    readonly used_at: string | null;
    readonly region: string | null;
    readonly service: string | null;
  }[];
}

/** Keys of whom a condition names, in JSON. */
const keysOf = (owner: string): string => `coalesce((SELECT json_agg(json_build_object('active', k.active,
    'created_at', k.created_at, 'used_at', u.used_at, 'region', u.region, 'service', u.service)
    ORDER BY k.created_at, k.id)
  FROM access_keys k LEFT JOIN access_key_usage u ON u.access_key_id = k.id WHERE ${owner}), '[]') AS keys`;
const LIST = {
  name: "iam_credential_holders",
  text: `SELECT NULL AS path, NULL AS name, a.created_at,
      EXISTS (SELECT FROM iam_mfa_devices d WHERE d.account_id = a.id AND d.of_root) AS has_mfa,
      ${keysOf("k.account_id = a.id AND k.user_id IS NULL AND k.principal_arn IS NULL")}
    FROM accounts a WHERE a.id = $1
    UNION ALL (SELECT e.path, e.name, e.created_at,
        EXISTS (SELECT FROM iam_mfa_devices d WHERE d.user_id = e.id),
        ${keysOf("k.user_id = e.id")}
      FROM iam_entities e WHERE e.account_id = $1 AND e.kind = 'user' ORDER BY lower(e.name))`,
};

export function credentialReportReader(run: Run, account: string): CredentialReportReader {
  return {
    async listCredentialHolders() {
      const rows = await run<Row>(LIST, [account]);
      return rows.map(({ path, name, created_at: createdAt, has_mfa: hasMfa, keys }) => ({
        ...{ createdAt, hasMfa, keys: keys.map(toKey) },
        user: path === null || name === null ? undefined : { path, name },
      }));
    },
  };
}

function toKey({ active, created_at, used_at, region, service }: Row["keys"][number]): ReportedKey {
  return {
    ...{ active, createdAt: new Date(created_at) },
    used:
      used_at === null ? undefined : { at: new Date(used_at), region: region ?? "", service: service ?? "" },
  };
}
