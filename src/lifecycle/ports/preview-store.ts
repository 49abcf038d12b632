import type { Digest } from "../../registry/digest.ts";
import type { RepositoryName } from "../../registry/names.ts";
import type { RepositoryId } from "../../registry/ports/index.ts";
import type { Scope } from "../../registry/scope.ts";
import type { Action, StorageClass } from "../policy.ts";
import type { Snapshot } from "../snapshot.ts";

/** A preview that is being made: the text that it is of, given or stored. */
export interface BegunPreview {
  readonly previewId: string;
  readonly repositoryId: RepositoryId;
  readonly text: string;
}

/** `unknown`: there is no such repository. `no policy`: no text was given, and none is stored. */
export type PreviewBeginning = BegunPreview | "unknown" | "no policy" | "under way";

/** An image that a run would act on. */
export interface PreviewResult {
  /** From 0, in the order in which the images would go. */
  readonly position: number;
  readonly manifestId: number;
  readonly digest: Digest;
  /** In byte order. */
  readonly tags: readonly string[];
  readonly pushedAt: Date;
  readonly action: Action;
  readonly rulePriority: number;
  readonly storageClass: StorageClass;
  /** Why, in a short sentence for people. */
  readonly reason: string;
}

/** Manifests that would be deleted and archived, and the bytes that storage would get back. */
export interface PreviewSummary {
  readonly expiring: number;
  readonly transitioning: number;
  /** Of blobs that no other image of the registry names, each counted once. */
  readonly bytes: number;
}

/** The last preview of a repository as it is kept. */
export interface StoredPreview extends PreviewSummary {
  readonly previewId: string;
  readonly repositoryId: RepositoryId;
  readonly text: string;
  readonly status: "IN_PROGRESS" | "COMPLETE" | "FAILED";
  readonly startedAt: Date;
  /** When one that is under way and shows no sign of life is given up. */
  readonly aliveUntil: Date;
}

/** Which results of a preview are wanted. */
export interface ResultQuery {
  readonly tagged: boolean | undefined;
  /** The position after which the page begins; -1 for the beginning. */
  readonly after: number;
  readonly limit: number;
}

/** Previews of lifecycle policies. Locks nothing that pushes wait for. */
export interface PreviewStore {
  /** Replaces the preview before, unless that is under way and alive at `at`. Of two at once one finds the other. */
  begin(
    scope: Scope,
    name: RepositoryName,
    preview: {
      readonly previewId: string;
      readonly text: string | undefined;
      readonly at: Date;
      readonly until: Date;
    },
  ): Promise<PreviewBeginning>;
  snapshot(id: RepositoryId): Promise<Snapshot | undefined>;
  /** Adds results, and is a sign of life until `until`; false when the preview was replaced or its repository deleted. */
  add(preview: BegunPreview, results: readonly PreviewResult[], until: Date): Promise<boolean>;
  /** Bytes that storage would get back from the expiring results so far. */
  bytesBack(preview: BegunPreview, results: number): Promise<number>;
  /** Undefined `summary`: it has failed. */
  finish(preview: BegunPreview, summary: PreviewSummary | undefined): Promise<void>;
  /** Undefined where there is none. */
  find(scope: Scope, name: RepositoryName): Promise<StoredPreview | undefined | "unknown">;
  /** Results in the order of their positions. */
  results(preview: StoredPreview, query: ResultQuery): Promise<readonly PreviewResult[]>;
  /** Results of images by digest or tag, in the order of their positions. */
  resultsOf(
    preview: StoredPreview,
    images: {
      readonly digests: readonly Digest[];
      readonly tags: readonly string[];
      readonly tagged: boolean | undefined;
    },
  ): Promise<readonly PreviewResult[]>;
  /** Removes at most `limit` results of a preview that was started before `before`; returns how many. */
  trim(before: Date, limit: number): Promise<number>;
}
