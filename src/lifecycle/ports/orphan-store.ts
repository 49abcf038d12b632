import type { Cause } from "../../audit/cause.ts";
import type { RepositoryName } from "../../registry/names.ts";
import type { RepositoryId } from "../../registry/ports/index.ts";
import type { RegistryId } from "../../registry/scope.ts";

/** A manifest whose subject was deleted. */
export interface Orphan {
  readonly repositoryId: RepositoryId;
  readonly registryId: RegistryId;
  readonly account: string;
  readonly region: string;
  readonly name: RepositoryName;
  readonly manifestId: number;
}

/** Review of manifests whose subject was deleted. Each call is one short transaction; several workers may run at once. */
export interface OrphanStore {
  /** Gives new tasks their time; returns how many. */
  stamp(at: Date, limit: number): Promise<number>;
  /** Takes tasks older than `before`, which are due again as if they had come at `at`. */
  take(before: Date, at: Date, limit: number): Promise<readonly Orphan[]>;
  /**
   * Removes an untagged manifest whose subject is still missing, unless an index lists it or the repository has a lifecycle
   * policy of which `keeps` says so. Where the subject has come back the task ends, and else it waits. True when removed.
   */
  remove(orphan: Orphan, keeps: (policyText: string) => boolean, cause: Cause, at: Date): Promise<boolean>;
}
