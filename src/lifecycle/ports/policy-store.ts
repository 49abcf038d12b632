import type { Cause } from "../../audit/cause.ts";
import type { RepositoryName } from "../../registry/names.ts";
import type { Scope } from "../../registry/scope.ts";

/** A lifecycle policy as it is kept, which need not be readable: an older version may have taken what this one does not. */
export interface StoredPolicy {
  /** As it was given. */
  readonly text: string;
  /** The snapshot of the last run of this text that ended; undefined before the first. */
  readonly evaluatedAt: Date | undefined;
}

/**
 * Lifecycle policies of repositories. `"unknown"` where there is no such repository, undefined where it has no policy.
 * Whatever changes one writes why into the audit log, in the same transaction.
 */
export interface LifecyclePolicyStore {
  find(scope: Scope, name: RepositoryName): Promise<StoredPolicy | undefined | "unknown">;
  /**
   * Sets or replaces it; it is due at `at`. Waits for what a run of the text before is deleting at the moment, and that
   * deletes nothing more.
   */
  put(scope: Scope, name: RepositoryName, text: string, cause: Cause, at: Date): Promise<"put" | "unknown">;
  /** Gives the policy as it was. Waits as {@link LifecyclePolicyStore.put} does. */
  delete(
    scope: Scope,
    name: RepositoryName,
    cause: Cause,
    at: Date,
  ): Promise<StoredPolicy | undefined | "unknown">;
}
