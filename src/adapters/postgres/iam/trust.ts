import { parseIamArn } from "../../../iam/principals/arns.ts";
import type { StoredTrust, TrustWriter } from "../../../iam/principals/ports/index.ts";
import type { Run } from "./run.ts";

const ARN = "'arn:aws:iam::' || account_id || ':' || kind || path || name";

// Who may meet: a role that begins to trust a principal, and the deletion or renaming of that principal, in another
// account. Whoever locks the principal's row first wins. The role's change, if it comes second, finds nobody of that ARN;
// the deletion or renaming, if it does, finds the role's new policy and follows.
const ENTITIES = {
  name: "iam_trust_entities",
  text: `SELECT ${ARN} AS named FROM iam_entities
    WHERE account_id = ANY($1) AND kind IN ('user', 'role') AND lower(name) = ANY($2) AND ${ARN} = ANY($3)
    ORDER BY id FOR SHARE`,
};
const ACCOUNTS = { name: "iam_trust_accounts", text: "SELECT id AS named FROM accounts WHERE id = ANY($1)" };
const WITH = {
  name: "iam_trust_with",
  text: `SELECT id AS role, trust_policy AS "trustPolicy" FROM iam_entities
    WHERE kind = 'role' AND position($1::text in trust_policy) > 0 ORDER BY id`,
};
const REPLACE = {
  name: "iam_trust_replace",
  text: "UPDATE iam_entities SET trust_policy = $3 WHERE id = $1 AND trust_policy = $2",
};

/** Trust policies of all accounts. */
export function trustWriter(run: Run): TrustWriter {
  return {
    async existingPrincipals(arns, accounts) {
      const parts = arns.flatMap((arn) => parseIamArn(arn) ?? []);
      const owners = parts.map(({ account }) => account);
      const names = parts.map(({ name }) => name.toLowerCase());
      const entities = await run<{ named: string }>(ENTITIES, [owners, names, arns]);
      const known = await run<{ named: string }>(ACCOUNTS, [accounts]);
      return new Set([...entities, ...known].map(({ named }) => named));
    },
    trustPoliciesWith: (account) => run<StoredTrust>(WITH, [account]),
    async replaceTrustPolicy({ role, trustPolicy: was }, trustPolicy) {
      await run(REPLACE, [role, was, trustPolicy]);
    },
  };
}
