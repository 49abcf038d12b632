import type { Cause } from "../../audit/cause.ts";
import type { RepositoryName } from "../names.ts";
import type { RepositoryId } from "./repository-store.ts";

/** A repository that a push has made and nothing came of. */
export interface AbandonedRepository {
  readonly id: RepositoryId;
  readonly name: RepositoryName;
  readonly account: string;
  readonly region: string;
}

/** Review of what may have become unreferenced. Each call is one short transaction; several workers may run at once. */
export interface GarbageStore {
  /** Gives new tasks their time, so that their grace runs from `at`; returns how many. */
  stamp(at: Date, limit: number): Promise<number>;
  /**
   * Takes link tasks older than `before`: a link that a manifest names is kept, any other is removed. Returns tasks
   * ended. A push that names the blob at the same moment wins or gets MANIFEST_BLOB_UNKNOWN; never both.
   */
  reviewLinks(before: Date, limit: number): Promise<number>;
  /** Takes blob tasks: a blob without links goes, its keys are queued to be deleted at `deleteAt`. Returns tasks ended. */
  reviewBlobs(deleteAt: Date, limit: number): Promise<number>;
  /** Forgets manifest tasks whose manifest is tagged or listed by an index. Returns tasks looked at. */
  reviewManifests(at: Date, limit: number): Promise<number>;
  /** Repositories that a push made before `before`, and that nothing was ever put into; see {@link RepositoryStore.discard}. */
  abandonedRepositories(before: Date, limit: number): Promise<readonly AbandonedRepository[]>;
  /** False when it is none any more. */
  discardRepository(id: RepositoryId, because: Cause, at: Date): Promise<boolean>;
  /** Removes a slice of a deleted repository's content; returns rows removed, 0 when nothing is left to purge. */
  purgeDeletedRepository(limit: number): Promise<number>;
  /** Keys due at `at`, hidden from other workers until `retryAt`: a worker that dies leaves them to the next. */
  takeObjects(at: Date, retryAt: Date, limit: number): Promise<readonly string[]>;
  /** Ends the tasks of keys that storage no longer has. */
  forgetObjects(keys: readonly string[]): Promise<void>;
}
