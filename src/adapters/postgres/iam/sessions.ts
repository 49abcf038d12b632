import type { Tags } from "../../../iam/principals/entity.ts";
import type { NewSession, SessionFacts, SessionStore } from "../../../iam/sessions/session.ts";
import { changeRecord } from "../audit/record.ts";
import type { Database } from "../database.ts";
import { brokenForeignKey } from "../errors.ts";

const INSERT = {
  name: "iam_session_insert",
  text: `WITH made AS (INSERT INTO iam_sessions (access_key_id, account_id, kind, role_id, parent_key_id, session_name,
      federated_provider, secret_ciphertext, master_key_id, token_hash, policy, policy_arns, tags, transitive_tag_keys,
      source_identity, mfa_at, issued_at, expires_at, federating_key_id)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
    RETURNING access_key_id)
    SELECT record_change($20::jsonb) FROM made`,
};
const INHERITANCE = {
  name: "iam_session_inheritance",
  text: `SELECT tags, transitive_tag_keys, source_identity FROM iam_sessions WHERE access_key_id = $1`,
};
const LIST = {
  name: "iam_session_list",
  text: `SELECT n.access_key_id AS "accessKeyId", n.account_id AS account, n.kind, e.name AS role_name, n.session_name,
      n.issued_at AS "issuedAt", n.expires_at AS "expiresAt", n.revoked_at
    FROM iam_sessions n LEFT JOIN iam_entities e ON e.id = n.role_id
    WHERE n.account_id = $1 AND n.access_key_id > $2 ORDER BY n.access_key_id LIMIT $3`,
};
const REVOKE = {
  name: "iam_session_revoke",
  text: `UPDATE iam_sessions SET revoked_at = $3
    WHERE account_id = $1 AND access_key_id = $2 AND revoked_at IS NULL AND expires_at > $3 RETURNING access_key_id`,
};
const REVOKE_ALL = {
  name: "iam_session_revoke_role",
  text: `UPDATE iam_sessions SET revoked_at = $3
    WHERE role_id = (SELECT id FROM iam_entities
        WHERE account_id = $1 AND kind = 'role' AND lower(name) = lower($2::text COLLATE "C"))
      AND revoked_at IS NULL AND expires_at > $3 RETURNING access_key_id`,
};
const DELETE_EXPIRED = {
  name: "iam_session_delete_expired",
  text: `DELETE FROM iam_sessions WHERE access_key_id IN (
      SELECT access_key_id FROM iam_sessions WHERE expires_at < $1 ORDER BY expires_at LIMIT $2
        FOR UPDATE SKIP LOCKED)
    RETURNING access_key_id`,
};
const ACCOUNT_OF_KEY = {
  name: "iam_account_of_key",
  text: `SELECT account_id FROM access_keys WHERE id = $1
    UNION ALL SELECT account_id FROM iam_sessions WHERE access_key_id = $1`,
};

/** Temporary credentials in Postgres. */
export function postgresSessions(database: Database): SessionStore {
  return {
    // Who may meet: this and the deletion of the role or key. The foreign key decides, and this one loses.
    async insert(session, cause) {
      try {
        const record = changeRecord(cause, session.issuedAt, { issued: session.accessKeyId });
        await database.run(INSERT, [...valuesOf(session), record]);
        return true;
      } catch (error) {
        if (brokenForeignKey(error) === undefined) throw error;
        return false;
      }
    },
    async inheritance(accessKeyId) {
      const [row] = await database.run<{
        tags: Tags;
        transitive_tag_keys: readonly string[];
        source_identity: string | null;
      }>(INHERITANCE, [accessKeyId]);
      return (
        row && {
          tags: row.tags,
          transitiveTagKeys: row.transitive_tag_keys,
          sourceIdentity: row.source_identity ?? undefined,
        }
      );
    },
    async list(account, after, limit) {
      const rows = await database.run<ListRow>(LIST, [account, after, limit]);
      return rows.map(({ role_name, session_name, revoked_at, ...facts }) => ({
        ...facts,
        roleName: role_name ?? undefined,
        sessionName: session_name ?? undefined,
        revokedAt: revoked_at ?? undefined,
      }));
    },
    async revoke(account, accessKeyId, at) {
      return (await database.run(REVOKE, [account, accessKeyId, at])).length > 0;
    },
    async revokeAll(account, roleName, at) {
      return (await database.run(REVOKE_ALL, [account, roleName, at])).length;
    },
    async deleteExpired(before, limit) {
      return (await database.run(DELETE_EXPIRED, [before, limit])).length;
    },
    async accountOfKey(accessKeyId) {
      return (await database.run<{ account_id: string }>(ACCOUNT_OF_KEY, [accessKeyId]))[0]?.account_id;
    },
  };
}

interface ListRow extends Pick<SessionFacts, "accessKeyId" | "account" | "kind" | "issuedAt" | "expiresAt"> {
  readonly role_name: string | null;
  readonly session_name: string | null;
  readonly revoked_at: Date | null;
}

function valuesOf(session: NewSession): readonly unknown[] {
  const { origin, sealed } = session;
  return [
    ...[session.accessKeyId, session.account, origin.kind],
    "role" in origin ? origin.role : null,
    origin.kind === "session-token" ? origin.parentKey : null,
    "sessionName" in origin ? origin.sessionName : null,
    origin.kind === "web-identity" ? origin.provider : null,
    ...[sealed.ciphertext, sealed.masterKeyId, session.tokenHash],
    ...[session.policy, session.policyArns, session.tags, session.transitiveTagKeys, session.sourceIdentity],
    ...[session.mfaAt, session.issuedAt, session.expiresAt],
    origin.kind === "federated-user" ? origin.federatingKey : null,
  ];
}
