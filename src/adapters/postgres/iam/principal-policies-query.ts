import type { EntityKind, Tags } from "../../../iam/principals/entity.ts";

/** What {@link LOAD_PRINCIPAL} gives. */
export interface PrincipalRow {
  readonly version: number;
  readonly live: boolean;
  /** Of the user or role; null for the root. */
  readonly unique_id: string | null;
  readonly inline_policies: readonly {
    readonly kind: EntityKind;
    readonly holder: string;
    readonly name: string;
    readonly document: string;
  }[];
  /** A document is null for AWS's own policies. */
  readonly attached_policies: readonly { readonly arn: string; readonly document: string | null }[];
  readonly boundary_arn: string | null;
  readonly boundary_document: string | null;
  readonly session_kind: string | null;
  readonly session_policy: string | null;
  readonly session_policies: readonly { readonly arn: string; readonly document: string | null }[];
  readonly entity_tags: Tags | null;
  readonly session_tags: Tags | null;
  readonly source_identity: string | null;
  readonly federated_provider: string | null;
  readonly mfa_at: Date | null;
  readonly issued_at: Date | null;
  readonly expires_at: Date | null;
}

/**
 * Account ($1), unique id of the user or role (null for the root, $2), key (null where nobody is there, $3), time ($4).
 * One statement, so one moment: the version is that of everything beside it. `live` asks that the account is enabled,
 * that the user or role exists, and that the key is good and belongs to it: for a session that it has not ended and that
 * the key which asked for it (of a session token or federated user) is still active.
 */
export const LOAD_PRINCIPAL = {
  name: "iam_load_principal",
  text: `WITH subject AS (
      SELECT * FROM iam_entities WHERE account_id = $1 AND unique_id = $2
    ), holders AS (
      SELECT id, kind, name FROM subject
      UNION ALL
      SELECT g.id, g.kind, g.name FROM subject s JOIN iam_memberships m ON m.user_id = s.id
        JOIN iam_entities g ON g.id = m.group_id
    ), session AS (
      SELECT * FROM iam_sessions WHERE access_key_id = $3 AND account_id = $1
    ), proof AS (
      SELECT k.user_id AS entity_id, k.active FROM access_keys k
        WHERE k.account_id = $1 AND k.id = coalesce((SELECT coalesce(parent_key_id, federating_key_id) FROM session), $3)
      UNION ALL
      SELECT role_id, true FROM session WHERE role_id IS NOT NULL
    )
    SELECT a.policy_version AS version,
      NOT a.disabled
        AND ($2::text IS NULL OR s.id IS NOT NULL)
        AND ($3::text IS NULL OR EXISTS (
          SELECT FROM proof WHERE active AND entity_id IS NOT DISTINCT FROM s.id))
        AND (n.access_key_id IS NULL OR n.revoked_at IS NULL AND n.expires_at > $4) AS live,
      s.unique_id,
      coalesce((SELECT json_agg(json_build_object('kind', h.kind, 'holder', h.name, 'name', p.name,
          'document', p.document) ORDER BY h.kind DESC, h.name, p.name)
        FROM holders h JOIN iam_inline_policies p ON p.entity_id = h.id), '[]') AS inline_policies,
      coalesce((SELECT json_agg(json_build_object('arn', t.policy_arn, 'document', v.document) ORDER BY t.policy_arn)
        FROM (SELECT DISTINCT policy_arn, policy_id FROM iam_attachments
            WHERE entity_id IN (SELECT id FROM holders)) t
          LEFT JOIN iam_policies p ON p.id = t.policy_id
          LEFT JOIN iam_policy_versions v ON v.policy_id = p.id AND v.version = p.default_version),
        '[]') AS attached_policies,
      s.boundary_arn,
      (SELECT v.document FROM iam_policies p JOIN iam_policy_versions v
        ON v.policy_id = p.id AND v.version = p.default_version WHERE p.id = s.boundary_policy_id) AS boundary_document,
      n.kind AS session_kind, n.policy AS session_policy,
      coalesce((SELECT json_agg(json_build_object('arn', w.arn, 'document', v.document) ORDER BY w.arn)
        FROM unnest(n.policy_arns) AS w (arn)
          LEFT JOIN iam_policies p ON p.account_id = $1
            AND w.arn = 'arn:aws:iam::' || p.account_id || ':policy' || p.path || p.name
          LEFT JOIN iam_policy_versions v ON v.policy_id = p.id AND v.version = p.default_version),
        '[]') AS session_policies,
      s.tags AS entity_tags, n.tags AS session_tags, n.source_identity, n.federated_provider, n.mfa_at, n.issued_at,
      n.expires_at
    FROM accounts a LEFT JOIN subject s ON true LEFT JOIN session n ON true
    WHERE a.id = $1`,
};
