import type { PrincipalRange } from "../ports/index.ts";

/** A session of a role, up to its own name, which whoever assumes the role chooses. */
const OF_ROLE = /^arn:aws:sts::\d{12}:assumed-role\/[^/]+\//;
/** After every character that a session's name may have. */
const LAST = "\u007F";

/** Whose open uploads count together with those of a principal: those of all sessions of one role, else its own alone. */
export function countedWith(principal: string): PrincipalRange {
  const role = OF_ROLE.exec(principal)?.[0];
  return role === undefined ? { from: principal, to: principal } : { from: role, to: role + LAST };
}
