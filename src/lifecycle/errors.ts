import { RegistryError } from "../registry/errors.ts";

/** Why a text is no lifecycle policy, in ECR's words. */
export function policyInvalid(why: string): RegistryError {
  return new RegistryError("LIFECYCLE_POLICY_INVALID", `Lifecycle policy validation failure: ${why}`);
}

/** ECR's LifecyclePolicyNotFoundException, in its words. */
export function policyUnknown(account: string, name: string): RegistryError {
  return new RegistryError(
    "LIFECYCLE_POLICY_UNKNOWN",
    `Lifecycle policy does not exist for the repository with name '${name}' in the registry with id '${account}'`,
    { detail: { name } },
  );
}
