import { iamArn } from "../../../iam/principals/arns.ts";
import type { Tags } from "../../../iam/principals/entity.ts";
import type { ManagedPolicy, PolicyId, PolicyVersion } from "../../../iam/principals/managed-policy.ts";
import type { InlinePolicy, PolicyReader, PolicyUse } from "../../../iam/principals/ports/index.ts";
import { beginningWith, pageOf, type Run } from "./run.ts";

interface PolicyRow {
  readonly id: PolicyId;
  readonly account_id: string;
  readonly unique_id: string;
  readonly path: string;
  readonly name: string;
  readonly description: string | null;
  readonly default_version: number;
  readonly tags: Tags;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly attachments: number;
  readonly boundaries: number;
}

const COUNTED = `SELECT p.*, (SELECT count(*) FROM iam_attachments WHERE policy_id = p.id) AS attachments,
    (SELECT count(*) FROM iam_entities WHERE boundary_policy_id = p.id) AS boundaries
  FROM iam_policies p`;

const FIND = {
  name: "iam_policy_find",
  text: `${COUNTED} WHERE account_id = $1 AND path = $2 AND lower(name) = lower($3::text COLLATE "C")`,
};
const HAS_NAME = {
  name: "iam_policy_has_name",
  text: `SELECT 1 FROM iam_policies WHERE account_id = $1 AND lower(name) = lower($2::text COLLATE "C")`,
};
const LIST = {
  name: "iam_policy_list",
  text: `SELECT * FROM (${COUNTED} WHERE account_id = $1 AND path LIKE $2 AND lower(name) > $3) p
    WHERE (NOT $4 OR attachments + boundaries > 0)
      AND CASE $5::text WHEN 'PermissionsPolicy' THEN attachments > 0 OR boundaries = 0
        WHEN 'PermissionsBoundary' THEN boundaries > 0 ELSE true END
    ORDER BY lower(name) LIMIT $6`,
};
const COUNT = {
  name: "iam_policy_count",
  text: "SELECT count(*) AS policies FROM iam_policies WHERE account_id = $1",
};
const VERSIONS = {
  name: "iam_policy_versions",
  text: `SELECT v.version, v.document, v.created_at AS "createdAt", v.version = p.default_version AS "isDefault"
    FROM iam_policy_versions v JOIN iam_policies p ON p.id = v.policy_id
    WHERE v.policy_id = $1 AND v.account_id = $2 ORDER BY v.version DESC`,
};
const COUNT_USES = {
  name: "iam_policy_count_uses",
  text: `SELECT (SELECT count(*) FROM iam_attachments WHERE account_id = $1 AND policy_arn = $2) AS attachments,
    (SELECT count(*) FROM iam_entities WHERE account_id = $1 AND boundary_arn = $2) AS boundaries`,
};
const USES = {
  name: "iam_policy_uses",
  text: `SELECT kind, unique_id AS "uniqueId", name FROM iam_entities e
    WHERE account_id = $1 AND path LIKE $3 AND ($4::text IS NULL OR kind = $4) AND kind || '/' || lower(name) > $6
      AND ($5::text IS DISTINCT FROM 'PermissionsBoundary' AND EXISTS
            (SELECT FROM iam_attachments a WHERE a.entity_id = e.id AND a.policy_arn = $2)
        OR $5::text IS DISTINCT FROM 'PermissionsPolicy' AND boundary_arn = $2)
    ORDER BY kind || '/' || lower(name) LIMIT $7`,
};
const INLINE = {
  name: "iam_inline_policies_of",
  text: "SELECT name, document FROM iam_inline_policies WHERE entity_id = $1 ORDER BY name",
};
const ATTACHED = {
  name: "iam_attachments_of",
  text: "SELECT policy_arn FROM iam_attachments WHERE entity_id = $1 ORDER BY policy_arn",
};

export function policyReader(run: Run, account: string): PolicyReader {
  return {
    async findPolicy(path, name) {
      const [row] = await run<PolicyRow>(FIND, [account, path, name]);
      return row && toPolicy(row);
    },
    async hasPolicyNamed(name) {
      return (await run(HAS_NAME, [account, name])).length > 0;
    },
    async listPolicies({ pathPrefix, onlyAttached, usage }, { after, limit }) {
      const values = [account, beginningWith(pathPrefix), after, onlyAttached, usage, limit + 1];
      return pageOf(await run<PolicyRow>(LIST, values), limit, toPolicy, ({ name }) => name.toLowerCase());
    },
    async countPolicies() {
      const [row] = await run<{ policies: number }>(COUNT, [account]);
      return row?.policies ?? 0;
    },
    listVersions: (policy) => run<PolicyVersion>(VERSIONS, [policy, account]),
    async countUses(arn) {
      const [row] = await run<{ attachments: number; boundaries: number }>(COUNT_USES, [account, arn]);
      return row ?? { attachments: 0, boundaries: 0 };
    },
    async listUses(arn, { kind, pathPrefix, usage }, { after, limit }) {
      const values = [account, arn, beginningWith(pathPrefix), kind, usage, after, limit + 1];
      const rows = await run<PolicyUse>(USES, values);
      return pageOf(
        rows,
        limit,
        (row) => row,
        (row) => `${row.kind}/${row.name.toLowerCase()}`,
      );
    },
    listInlinePolicies: (entity) => run<InlinePolicy>(INLINE, [entity]),
    async listAttachedPolicies(entity) {
      return (await run<{ policy_arn: string }>(ATTACHED, [entity])).map((row) => row.policy_arn);
    },
  };
}

function toPolicy(row: PolicyRow): ManagedPolicy {
  const { id, path, name, tags, attachments, boundaries } = row;
  return {
    ...{ id, path, name, tags, attachments, boundaries },
    arn: iamArn({ account: row.account_id, kind: "policy", path, name }),
    uniqueId: row.unique_id,
    description: row.description ?? undefined,
    defaultVersion: row.default_version,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
