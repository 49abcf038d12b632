import type { Access, AttachedPolicy, PolicyRole } from "./access.ts";
import { V1_ACTIONS } from "./kinds.ts";
import { policiesAsked } from "./resource-kinds.ts";

/** A policy that takes part in a request. */
export interface Participant {
  readonly role: PolicyRole;
  readonly policy: AttachedPolicy;
}

/** The policies that have a say, in the order in which a Deny is looked for. */
export function participants(access: Access): readonly Participant[] {
  const { identity, boundary, session, resourcePolicies } = access;
  const action = access.action.toLowerCase();
  const asked: ReadonlySet<string> = new Set(policiesAsked(action, access.resource));
  const found: Participant[] = identity.map((policy) => ({ role: "identity", policy }));
  if (boundary !== undefined) found.push({ role: "boundary", policy: boundary });
  for (const policy of session) found.push({ role: "session", policy });
  for (const policy of resourcePolicies) {
    const { kind } = policy.document;
    // One of no service is the simulator's: whoever asks says that it hangs on the resource.
    if ((kind !== "resource" && !asked.has(kind)) || !isInScope(policy, action)) continue;
    found.push({ role: kind === "trust" ? "trust" : "resource", policy });
  }
  return found;
}

/** A registry policy of scope V1 is asked about three actions alone (ecr.md section 6). */
function isInScope({ document }: AttachedPolicy, action: string): boolean {
  return document.scope !== "V1" || V1_ACTIONS.includes(action);
}
