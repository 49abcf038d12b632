import type { AccountSettings } from "./account-setting-store.ts";

/** What may be written in a policy. Each says what is wrong and where, undefined when nothing is. */
export interface PolicyRules {
  repositoryPolicyProblem(text: string, repositoryArn: string): Promise<string | undefined>;
  registryPolicyProblem(
    text: string,
    policyScope: AccountSettings["REGISTRY_POLICY_SCOPE"],
  ): Promise<string | undefined>;
}
