import type { Access, AttachedPolicy, PolicyRole } from "./access.ts";
import { V1_ACTIONS } from "./kinds.ts";

/** A policy that takes part in a request. */
export interface Participant {
  readonly role: PolicyRole;
  readonly policy: AttachedPolicy;
}

/** The policies that have a say, in the order in which a Deny is looked for. */
export function participants(access: Access): readonly Participant[] {
  const { identity, boundary, session, resourcePolicies } = access;
  const action = access.action.toLowerCase();
  const found: Participant[] = identity.map((policy) => ({ role: "identity", policy }));
  if (boundary !== undefined) found.push({ role: "boundary", policy: boundary });
  for (const policy of session) found.push({ role: "session", policy });
  for (const policy of resourcePolicies) {
    if (!takesPart(policy, action) || isImmune(access, action)) continue;
    found.push({ role: policy.document.kind === "trust" ? "trust" : "resource", policy });
  }
  return found;
}

/** A registry policy of scope V1 is asked about three actions alone (ecr.md section 6). */
function takesPart({ document }: AttachedPolicy, action: string): boolean {
  return document.scope !== "V1" || V1_ACTIONS.includes(action);
}

const POLICY_ACTIONS = new Set([
  ...["ecr:getrepositorypolicy", "ecr:setrepositorypolicy", "ecr:deleterepositorypolicy"],
  ...["ecr:getregistrypolicy", "ecr:putregistrypolicy", "ecr:deleteregistrypolicy"],
]);

/**
 * Nobody can lock an owner out for good: the root of the owning account may read, set and delete the policies of its
 * repositories and registry whatever they say, as AWS has it for the root and its bucket policies (S3, PutBucketPolicy).
 */
function isImmune({ caller, owner }: Access, action: string): boolean {
  return caller.kind === "root" && caller.account === owner && POLICY_ACTIONS.has(action);
}
