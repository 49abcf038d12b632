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

/** ECR's LifecyclePolicyPreviewNotFoundException. */
export function previewUnknown(account: string, name: string): RegistryError {
  return new RegistryError(
    "LIFECYCLE_PREVIEW_UNKNOWN",
    `Lifecycle policy preview does not exist for the repository with name '${name}' in the registry with id '${account}'`,
    { detail: { name } },
  );
}

/** ECR's LifecyclePolicyPreviewInProgressException. */
export function previewUnderWay(account: string, name: string): RegistryError {
  return new RegistryError(
    "LIFECYCLE_PREVIEW_UNDER_WAY",
    `A lifecycle policy preview is in progress for the repository with name '${name}' in the registry with id '${account}'`,
    { detail: { name } },
  );
}

/** Each holds a repository in memory. */
export function previewsTooMany(): RegistryError {
  return new RegistryError("TOOMANYREQUESTS", "too many lifecycle policy previews are made at the moment", {
    facts: { retryAfter: 1 },
  });
}
