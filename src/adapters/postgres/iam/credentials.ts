import type { MasterKey } from "../../../iam/master-key.ts";
import { assumedRoleArn, federatedUserArn, iamArn, rootArn } from "../../../iam/principals/arns.ts";
import type { Credential, CredentialStore } from "../../../iam/principals/credentials.ts";
import type { Identity } from "../../../iam/principals/identity.ts";
import type { Database } from "../database.ts";

interface Row {
  readonly account_id: string;
  readonly secret_ciphertext: Buffer;
  readonly master_key_id: string;
  readonly kind: "user" | "role" | null;
  readonly unique_id: string | null;
  readonly path: string | null;
  readonly name: string | null;
  readonly version: number;
  readonly session_kind: string | null;
  readonly session_name: string | null;
  readonly token_hash: string | null;
  readonly expires_at: Date | null;
  readonly multi_factor: boolean;
}

const ENTITY = "e.kind, e.unique_id, e.path, e.name, a.policy_version AS version";

const FIND_KEY = {
  name: "iam_credential_of_key",
  text: `SELECT k.account_id, k.secret_ciphertext, k.master_key_id, ${ENTITY},
      NULL AS session_kind, NULL AS session_name, NULL AS token_hash, NULL::timestamptz AS expires_at, false AS multi_factor
    FROM access_keys k JOIN accounts a ON a.id = k.account_id LEFT JOIN iam_entities e ON e.id = k.user_id
    WHERE k.id = $1 AND k.active AND NOT a.disabled
      -- A key of the first schema that belongs to nobody is nobody's, not the root's.
      AND (k.user_id IS NOT NULL OR k.principal_arn IS NULL)`,
};
const FIND_SESSION = {
  name: "iam_credential_of_session",
  text: `SELECT n.account_id, n.secret_ciphertext, n.master_key_id, ${ENTITY},
      n.kind AS session_kind, n.session_name, encode(n.token_hash, 'hex') AS token_hash, n.expires_at, n.mfa_at IS NOT NULL AS multi_factor
    FROM iam_sessions n JOIN accounts a ON a.id = n.account_id LEFT JOIN access_keys k
        ON k.id = coalesce(n.parent_key_id, n.federating_key_id)
      LEFT JOIN iam_entities e ON e.id = coalesce(n.role_id, k.user_id)
    WHERE n.access_key_id = $1 AND n.revoked_at IS NULL AND NOT a.disabled AND (n.role_id IS NOT NULL OR k.active)`,
};

/** Keys and sessions with their secrets opened, for whoever verifies signatures or passwords. */
export function postgresCredentials(database: Database, masterKey: MasterKey): CredentialStore {
  return {
    async find(accessKeyId) {
      const statement = accessKeyId.startsWith("ASIA") ? FIND_SESSION : FIND_KEY;
      const [row] = await database.read<Row>(statement, [accessKeyId]);
      return row && toCredential(row, accessKeyId, masterKey);
    },
  };
}

function toCredential(row: Row, accessKeyId: string, masterKey: MasterKey): Credential {
  const sealed = { masterKeyId: row.master_key_id, ciphertext: row.secret_ciphertext };
  return {
    secret: masterKey.open(sealed, accessKeyId),
    principal: toIdentity(row, accessKeyId),
    sessionTokenHash: row.token_hash ?? undefined,
    expiresAt: row.expires_at ?? undefined,
    version: row.version,
  };
}

function toIdentity(row: Row, accessKeyId: string): Identity {
  if (row.session_kind === "federated-user") return toFederatedUser(row, accessKeyId);
  const { account_id: account, kind, unique_id: uniqueId, path, name } = row;
  const factor = row.multi_factor ? { multiFactor: true as const } : {};
  if (kind === null || uniqueId === null || path === null || name === null) {
    return { kind: "root", account, arn: rootArn(account), accessKeyId, ...factor };
  }
  const arn = iamArn({ account, kind, path, name });
  if (kind === "user") return { kind, account, arn, accessKeyId, uniqueId, name, ...factor };
  const sessionName = row.session_name ?? "";
  return {
    ...{ kind: "session", account, arn: assumedRoleArn(account, name, sessionName), role: arn },
    ...{ accessKeyId, uniqueId, roleName: name, sessionName },
  };
}

function toFederatedUser(row: Row, accessKeyId: string): Identity {
  const { account_id: account, unique_id: uniqueId, path, name: userName, session_name: name } = row;
  const user =
    path === null || userName === null ? undefined : iamArn({ account, kind: "user", path, name: userName });
  return {
    ...{ kind: "federated-user", account, arn: federatedUserArn(account, name ?? ""), user },
    ...{ accessKeyId, uniqueId: uniqueId ?? undefined, name: name ?? "" },
  };
}
