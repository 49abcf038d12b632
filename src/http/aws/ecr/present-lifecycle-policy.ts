import type { GetLifecyclePolicyResponse } from "../../../aws-models/ecr.types.ts";
import type { StoredPolicy } from "../../../lifecycle/ports/policy-store.ts";
import type { RegistryAddress } from "../../../registry/scope.ts";

/** What ECR says of a policy that has not been evaluated yet. */
const NEVER = new Date(0);

/** A lifecycle policy as it is shown; its text as it was given. */
export function presentLifecyclePolicy(
  { account }: RegistryAddress,
  repositoryName: string,
  { text, evaluatedAt }: StoredPolicy,
): GetLifecyclePolicyResponse {
  return {
    registryId: account,
    repositoryName,
    lifecyclePolicyText: text,
    lastEvaluatedAt: evaluatedAt ?? NEVER,
  };
}
