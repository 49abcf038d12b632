import { RegistryError } from "../registry/errors.ts";

/** Why a text is no lifecycle policy, in ECR's words. */
export function policyInvalid(why: string): RegistryError {
  return new RegistryError("LIFECYCLE_POLICY_INVALID", `Lifecycle policy validation failure: ${why}`);
}
