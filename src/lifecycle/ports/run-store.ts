import type { Cause } from "../../audit/cause.ts";
import type { RepositoryName } from "../../registry/names.ts";
import type { RepositoryId } from "../../registry/ports/index.ts";
import type { Scope } from "../../registry/scope.ts";
import type { ImageFacts, ImageUnit, Snapshot } from "../snapshot.ts";

/** A policy that is being carried out, by one node at a time. */
export interface ClaimedPolicy {
  /** Of this very run. */
  readonly runId: string;
  readonly repositoryId: RepositoryId;
  readonly scope: Scope;
  readonly name: RepositoryName;
  /** As it is kept, readable or not. */
  readonly text: string;
  readonly policyId: string;
  readonly version: number;
  readonly evaluatedAt: Date | undefined;
}

/** An image that a rule wants deleted. */
export interface ImageRemoval {
  readonly image: ImageFacts;
  /** With `image`, nothing goes that refers to a manifest which is there. */
  readonly unit: ImageUnit;
  readonly cause: Cause;
  readonly at: Date;
}

/**
 * `changed`: the image is not what the snapshot says any more: deleted, pushed anew, tagged, untagged. `referenced`: an index
 * lists it, or what it refers to is there. `run ended`: the policy or the repository was changed or deleted, or another
 * node has taken the run over; nothing more may be deleted by it.
 */
export type ImageRemovalOutcome = "removed" | "changed" | "referenced" | "run ended";

/** What runs of lifecycle policies work on. Pushes and pulls wait for none of it but for the deletion of their own image. */
export interface LifecycleRunStore {
  /**
   * Takes the policy that has been due longest at `at`, and makes it due again at `until`, when another node may take it
   * over. Two at once take different ones. Undefined when none is due.
   */
  claim(runId: string, at: Date, until: Date): Promise<ClaimedPolicy | undefined>;
  /** Puts off that takeover; false when the run has ended meanwhile. */
  extend(claimed: ClaimedPolicy, until: Date): Promise<boolean>;
  /** Ends a run; `evaluatedAt` is the time of its snapshot, undefined where it did not get through. */
  finish(claimed: ClaimedPolicy, evaluatedAt: Date | undefined, dueAt: Date): Promise<void>;
  /** What a repository holds, all of one moment; undefined where that is more than a run may hold in memory. */
  snapshot(id: RepositoryId): Promise<Snapshot | undefined>;
  /** Deletes a manifest with its tags in a transaction that looks at everything again. */
  remove(claimed: ClaimedPolicy, removal: ImageRemoval): Promise<ImageRemovalOutcome>;
}
