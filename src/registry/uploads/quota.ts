import type { PrincipalRange } from "../ports/index.ts";

/** A session, up to its own name, which whoever asks for it chooses: of a role, or of a federated user. */
const OF_SESSIONS = /^arn:aws:sts::\d{12}:(?:assumed-role\/[^/]+|federated-user)\//;
/** After every character that a session's name may have. */
const LAST = "\u007F";

/**
 * Whose open uploads count together with those of a principal: those of all sessions of one role, or of all federated
 * users of an account; else its own alone.
 */
export function countedWith(principal: string): PrincipalRange {
  const shared = OF_SESSIONS.exec(principal)?.[0];
  return shared === undefined ? { from: principal, to: principal } : { from: shared, to: shared + LAST };
}
