import type { EntityKind, EntityOf } from "../../../iam/principals/entity.ts";
import type { PolicyId, PolicyVersion } from "../../../iam/principals/managed-policy.ts";
import type { DetailReader, EntityDetail, PolicyUses } from "../../../iam/principals/ports/index.ts";
import { ENTITY_COLUMNS, type EntityRow, toEntity } from "./entity-rows.ts";
import { PROFILE_COLUMNS, type ProfileRow, toProfile } from "./instance-profiles.ts";
import { pageOf, type Run } from "./run.ts";

interface DetailRow extends EntityRow {
  readonly inline_policies: EntityDetail<EntityKind>["inlinePolicies"];
  readonly attached_policies: readonly string[];
  readonly groups: readonly string[];
}

const ENTITIES = {
  name: "iam_entity_details",
  text: `SELECT ${ENTITY_COLUMNS},
      coalesce((SELECT json_agg(json_build_object('name', p.name, 'document', p.document) ORDER BY p.name)
        FROM iam_inline_policies p WHERE p.entity_id = e.id), '[]') AS inline_policies,
      ARRAY(SELECT t.policy_arn FROM iam_attachments t WHERE t.entity_id = e.id ORDER BY t.policy_arn)
        AS attached_policies,
      ARRAY(SELECT g.name FROM iam_memberships m JOIN iam_entities g ON g.id = m.group_id
        WHERE m.user_id = e.id ORDER BY lower(g.name)) AS groups
    FROM iam_entities e
    WHERE account_id = $1 AND kind = $2 AND lower(name) > $3 ORDER BY lower(name) LIMIT $4`,
};
const PROFILES = {
  name: "iam_instance_profiles_of_roles",
  text: `SELECT ${PROFILE_COLUMNS} WHERE i.account_id = $1 AND i.role_id = ANY($2) ORDER BY lower(i.name)`,
};
const VERSIONS = {
  name: "iam_versions_of_policies",
  text: `SELECT v.policy_id, v.version, v.document, v.created_at AS "createdAt",
      v.version = p.default_version AS "isDefault"
    FROM iam_policy_versions v JOIN iam_policies p ON p.id = v.policy_id
    WHERE v.account_id = $1 AND v.policy_id = ANY($2) ORDER BY v.policy_id, v.version DESC`,
};
const USES_OF_AWS = {
  name: "iam_uses_of_aws_policies",
  text: `SELECT arn, count(*) FILTER (WHERE attached) AS attachments, count(*) FILTER (WHERE NOT attached) AS boundaries
    FROM (SELECT policy_arn AS arn, true AS attached FROM iam_attachments
          WHERE account_id = $1 AND policy_arn LIKE 'arn:aws:iam::aws:%'
        UNION ALL SELECT boundary_arn, false FROM iam_entities
          WHERE account_id = $1 AND boundary_arn LIKE 'arn:aws:iam::aws:%') AS uses
    GROUP BY arn`,
};

export function detailReader(run: Run, account: string): DetailReader {
  return {
    async listEntityDetails<Kind extends EntityKind>(
      kind: Kind,
      { after, limit }: { after: string; limit: number },
    ) {
      const rows = await run<DetailRow>(ENTITIES, [account, kind, after, limit + 1]);
      // Rows of one kind become entities of that kind.
      const toDetail = (row: DetailRow): EntityDetail<Kind> => ({
        entity: toEntity(row) as EntityOf<Kind>,
        inlinePolicies: row.inline_policies,
        attachedPolicies: row.attached_policies,
        groups: row.groups,
      });
      return pageOf(rows, limit, toDetail, ({ name }) => name.toLowerCase());
    },
    async instanceProfilesOf(roles) {
      return (await run<ProfileRow>(PROFILES, [account, roles])).map((row) => toProfile(account, row));
    },
    async versionsOf(policies) {
      type Row = PolicyVersion & { readonly policy_id: PolicyId };
      const rows = await run<Row>(VERSIONS, [account, policies]);
      return Map.groupBy(rows, ({ policy_id: id }) => id);
    },
    async usesOfAwsPolicies() {
      const rows = await run<PolicyUses & { readonly arn: string }>(USES_OF_AWS, [account]);
      return new Map(rows.map(({ arn, attachments, boundaries }) => [arn, { attachments, boundaries }]));
    },
  };
}
