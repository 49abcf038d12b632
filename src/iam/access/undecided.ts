import { RegistryError } from "../../registry/errors.ts";
import type { Verdict } from "../policy/access.ts";

/** Nobody knows whether a request is allowed: a policy that has a say in it cannot be read. */
export class UndecidedError extends RegistryError {}

/**
 * A request that depends on a policy that nobody can read is neither allowed nor denied: it fails, and what the caller is
 * told names no policy. The log has which.
 * @throws UndecidedError
 */
export function requireDecided(verdict: Verdict): void {
  if (verdict.allowed || verdict.unreadable === undefined) return;
  throw new UndecidedError("UNKNOWN", "a policy that has a say in this request cannot be read", {
    cause: new Error(verdict.message),
  });
}
