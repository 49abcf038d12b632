import type { ResourcePolicyStore, ResourcePolicyTexts } from "../../../iam/access/resource-policies.ts";
import { BatchedReads, keysFrom } from "../batched-reads.ts";
import type { Database } from "../database.ts";

interface Row {
  readonly at: number;
  readonly repository_policy: string | null;
  readonly registry_policy: string | null;
  readonly scope: "V1" | "V2" | null;
  readonly tags: Readonly<Record<string, string>>;
}

const NO_POLICIES: Omit<ResourcePolicyTexts, "tags"> = {
  ...{ repositoryPolicy: undefined, registryPolicy: undefined },
  registryScope: "V2",
};

const LOAD = {
  name: "iam_load_resource_policies",
  text: `SELECT q.at, p.document AS repository_policy, x.document AS registry_policy, x.scope,
      coalesce((SELECT json_object_agg(t.key, t.value ORDER BY t.key) FROM repository_resource_tags t
        WHERE t.repository_id = r.id), '{}') AS tags
    FROM ${keysFrom([
      { name: "account", type: "text" },
      { name: "region", type: "text" },
      { name: "repository", type: "text" },
    ])}
      JOIN registries g ON g.account_id = q.account AND g.region = q.region
      LEFT JOIN registry_policies x ON x.registry_id = g.id
      LEFT JOIN repositories r ON r.registry_id = g.id AND r.name = q.repository AND r.deleted_at IS NULL
      LEFT JOIN repository_policies p ON p.repository_id = r.id`,
};

const TAGS_OF_IAM = {
  name: "iam_load_tags",
  text: `SELECT tags FROM iam_policies
      WHERE account_id = $1 AND $2 = 'arn:aws:iam::' || account_id || ':policy' || path || name
    UNION ALL SELECT tags FROM iam_oidc_providers
      WHERE account_id = $1 AND $2 = 'arn:aws:iam::' || account_id || ':oidc-provider/' || url
    UNION ALL SELECT tags FROM iam_instance_profiles
      WHERE account_id = $1 AND $2 = 'arn:aws:iam::' || account_id || ':instance-profile' || path || name
    UNION ALL SELECT tags FROM iam_mfa_devices WHERE account_id = $1 AND serial_number = $2`,
};

/** Policies and tags of repositories and registries, and tags of what IAM has, for decisions. */
export function postgresResourcePolicies(database: Database): ResourcePolicyStore {
  // A catalog asks for those of many repositories at once.
  const loads = new BatchedReads<[string, string, string | null], Row>({ read: database.run }, LOAD);
  return {
    async load({ account, region, repository, iamArn }) {
      if (iamArn !== undefined) {
        const [found] = await database.run<Pick<Row, "tags">>(TAGS_OF_IAM, [account, iamArn]);
        return { ...NO_POLICIES, tags: found?.tags ?? {} };
      }
      const row = await loads.read(account, region, repository ?? null);
      return {
        repositoryPolicy: row?.repository_policy ?? undefined,
        registryPolicy: row?.registry_policy ?? undefined,
        registryScope: row?.scope ?? "V2",
        tags: row?.tags ?? {},
      };
    },
  };
}
