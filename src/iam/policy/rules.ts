import type { PolicyKind, RegistryPolicyScope } from "./kinds.ts";

/** What the rest of a document says about reading its statements. */
export interface DocumentRules {
  readonly kind: PolicyKind;
  /** Of a registry policy. */
  readonly scope: RegistryPolicyScope | undefined;
  /** ARN of the repository that carries the policy, where known. */
  readonly repository: string | undefined;
  /** Whether `${…}` is a policy variable: Version 2012-10-17. */
  readonly variables: boolean;
  /** Whether it was accepted before: then it is held to what its meaning depends on, not to what may be written today. */
  readonly stored: boolean;
}
