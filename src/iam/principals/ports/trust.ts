import type { EntityId } from "../entity.ts";

/** A trust policy of a role, in whatever account. */
export interface StoredTrust {
  readonly role: EntityId;
  readonly trustPolicy: string;
}

/** What trust policies say across accounts. */
export interface TrustWriter {
  /**
   * Those of the ARNs that users or roles have, and those of the accounts that exist. Until the change ends nobody else
   * can delete or rename them.
   */
  existingPrincipals(arns: readonly string[], accounts: readonly string[]): Promise<ReadonlySet<string>>;
  /** Every trust policy with the number of that account in it. */
  trustPoliciesWith(account: string): Promise<readonly StoredTrust[]>;
  /** Does nothing when the role has another policy by now. */
  replaceTrustPolicy(was: StoredTrust, trustPolicy: string): Promise<void>;
}
