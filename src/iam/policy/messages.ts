import type { Access, AttachedPolicy, PolicyRole } from "./access.ts";
import { callerName } from "./caller.ts";
import { STEPS_MAX } from "./steps.ts";

const NAMES: Readonly<Record<PolicyRole, string>> = {
  identity: "identity-based policy",
  resource: "resource-based policy",
  boundary: "permissions boundary",
  session: "session policy",
  trust: "role trust policy",
};

/** AWS's text for a request that no policy of that role allows (IAM: "Access denied error message examples"). */
export function implicitDenial(access: Access, role: PolicyRole): string {
  return `${opening(access, role)} because no ${NAMES[role]} allows the ${access.action} action`;
}

/** AWS's text for a request that a policy of that role denies. */
export function explicitDenial(access: Access, role: PolicyRole): string {
  const article = role === "identity" ? "an" : role === "trust" ? "the" : "a";
  return `${opening(access, role)} with an explicit deny in ${article} ${NAMES[role]}`;
}

/** What is said for a request whose answer depends on a policy that cannot be read. */
export function undecided({ label }: AttachedPolicy): string {
  return `${label} cannot be read, so nobody knows whether the request is allowed`;
}

/** What is said for a request whose policies take too long to compare. */
export function exhaustion(access: Access, role: PolicyRole): string {
  return `${opening(access, role)} because it takes more than ${STEPS_MAX} steps to compare it with its policies`;
}

function opening({ caller, action, resource }: Access, role: PolicyRole): string {
  const who = `User: ${callerName(caller)} is not authorized to perform: ${action}`;
  // AWS names no resource where the trust policy of a role decides.
  return role === "trust" ? who : `${who} on resource: ${resource}`;
}
