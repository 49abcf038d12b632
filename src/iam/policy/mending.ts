import type { PolicyKind } from "./kinds.ts";

// What reads, replaces and deletes a stored policy, in lower case. A policy that nobody can read, or that denies
// everything, must not keep those out who are to mend it.

/** The policies of repositories and registries. */
const RESOURCE_POLICY_ACTIONS: ReadonlySet<string> = new Set([
  ...["ecr:getrepositorypolicy", "ecr:setrepositorypolicy", "ecr:deleterepositorypolicy"],
  ...["ecr:getregistrypolicy", "ecr:putregistrypolicy", "ecr:deleteregistrypolicy"],
]);

/** The policies of users, groups and roles, and who has them. */
const IDENTITY_POLICY_ACTIONS: ReadonlySet<string> = new Set(
  [
    ...["user", "group", "role"].flatMap((holder) => [
      ...[`get${holder}`, `list${holder}s`, `list${holder}policies`, `listattached${holder}policies`],
      ...["get", "put", "delete", "detach"].map((verb) => `${verb}${holder}policy`),
    ]),
    ...["getpolicy", "getpolicyversion", "listpolicies", "listpolicyversions", "listentitiesforpolicy"],
    ...["createpolicyversion", "setdefaultpolicyversion", "deletepolicyversion", "deletepolicy"],
    ...["listgroupsforuser", "removeuserfromgroup"],
  ].map((name) => `iam:${name}`),
);

/** Whether an action, in lower case, mends the policy of a repository or of a registry. */
export function mendsResourcePolicies(action: string): boolean {
  return RESOURCE_POLICY_ACTIONS.has(action);
}

/**
 * Whether a document of that kind that cannot be read is passed over for an action, in lower case, that mends such
 * documents. One that narrows (a boundary, a session policy) never is: nobody knows what it leaves.
 */
export function isPassedOver(kind: PolicyKind, action: string): boolean {
  return kind === "identity" && IDENTITY_POLICY_ACTIONS.has(action);
}
