import { RegistryError } from "../../registry/errors.ts";
import type { Verdict } from "../policy/access.ts";

/**
 * A request that depends on a policy that nobody can read is neither allowed nor denied: it fails, and what the caller is
 * told names no policy. The log has which.
 * @throws RegistryError UNKNOWN
 */
export function requireDecided(verdict: Verdict): void {
  if (verdict.allowed || verdict.unreadable === undefined) return;
  throw new RegistryError("UNKNOWN", "a policy that has a say in this request cannot be read", {
    cause: new Error(verdict.message),
  });
}
