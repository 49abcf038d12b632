import { parseIamArn, parseSessionArn } from "../../../iam/principals/arns.ts";
import type { NamedPrincipals, NamingPolicy } from "../../../iam/principals/ports/index.ts";
import type { Run } from "./run.ts";

const ARN = "'arn:aws:iam::' || account_id || ':' || kind || path || name";
const SESSIONS = "'arn:aws:sts::' || account_id || ':assumed-role/' || name || '/'";

// Who may meet: a policy that begins to name a principal, and the deletion or renaming of that principal, in whatever
// account. Whoever locks the principal's row first wins. The policy, if it comes second, finds nobody of that ARN; the
// deletion or renaming, if it does, finds the new policy and follows.
const ENTITIES = {
  name: "iam_named_entities",
  text: `SELECT unnest(CASE kind WHEN 'role' THEN ARRAY[${ARN}, ${SESSIONS}] ELSE ARRAY[${ARN}] END) AS named FROM (
      SELECT account_id, kind, path, name FROM iam_entities
      WHERE account_id = ANY($1) AND kind IN ('user', 'role') AND lower(name) = ANY($2)
        AND (${ARN} = ANY($3) OR kind = 'role' AND ${SESSIONS} = ANY($3))
      ORDER BY id FOR SHARE) AS found`,
};
const ACCOUNTS = { name: "iam_named_accounts", text: "SELECT id AS named FROM accounts WHERE id = ANY($1)" };

/** Longer documents are read by nobody. */
const LENGTH_MAX = 131_072;
/** A slash or a printable ASCII character that is written as an escape; `\\\\` before it is a backslash by itself. */
const ESCAPED = "'(^|[^\\\\])(\\\\\\\\)*\\\\(/|u00[2-7])'";
const NAMES = (document: string): string => `length(${document}) <= ${LENGTH_MAX}
    AND (position(E'\\\\' in ${document}) > 0 AND ${document} ~ ${ESCAPED} OR EXISTS (SELECT FROM unnest($1::text[]) AS named (name) WHERE position(name in ${document}) > 0))`;
const WITH = {
  name: "iam_policies_with",
  text: `SELECT 'role' AS on, id, trust_policy AS document FROM iam_entities WHERE kind = 'role' AND ${NAMES("trust_policy")}
    UNION ALL SELECT 'repository', repository_id, document FROM repository_policies WHERE ${NAMES("document")}
    UNION ALL SELECT 'registry', registry_id, document FROM registry_policies WHERE ${NAMES("document")}
    ORDER BY 1, 2`,
};
const REPLACE = {
  role: {
    name: "iam_policy_replace_role",
    text: "UPDATE iam_entities SET trust_policy = $3 WHERE id = $1 AND trust_policy = $2",
  },
  repository: {
    name: "iam_policy_replace_repository",
    text: "UPDATE repository_policies SET document = $3 WHERE repository_id = $1 AND document = $2",
  },
  registry: {
    name: "iam_policy_replace_registry",
    text: "UPDATE registry_policies SET document = $3 WHERE registry_id = $1 AND document = $2",
  },
} as const;

/** Whom policies of all accounts name, in Postgres. */
export function namedPrincipals(run: Run): NamedPrincipals {
  return {
    async existingPrincipals(arns, accounts) {
      const parts = arns.flatMap((arn) => partsOf(arn) ?? []);
      const owners = parts.map(({ account }) => account);
      const names = parts.map(({ name }) => name.toLowerCase());
      const entities = await run<{ named: string }>(ENTITIES, [owners, names, arns]);
      const known = await run<{ named: string }>(ACCOUNTS, [accounts]);
      return new Set([...entities, ...known].map(({ named }) => named));
    },
    policiesWith: (texts) => run<NamingPolicy>(WITH, [texts]),
    async replacePolicy({ on, id, document: was }, document) {
      await run(REPLACE[on], [id, was, document]);
    },
  };
}

function partsOf(arn: string): { account: string; name: string } | undefined {
  const session = parseSessionArn(`${arn}any`);
  return session === undefined ? parseIamArn(arn) : { account: session.account, name: session.roleName };
}
