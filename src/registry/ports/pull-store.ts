import type { Cause } from "../../audit/cause.ts";
import type { Digest } from "../digest.ts";
import type { Scope } from "../scope.ts";
import type { RepositoryId } from "./repository-store.ts";

/** A manifest that somebody was sent. */
export interface Pull {
  readonly repositoryId: RepositoryId;
  readonly digest: Digest;
  /** By its tag; by digest clients also fetch what an index lists. */
  readonly byTag: boolean;
  /** ARN as exclusions name principals: of a session that of its role; `anonymous` of nobody. */
  readonly principal: string;
  readonly at: Date;
}

/** Hears of every pull, and costs it nothing. */
export interface PullNotes {
  note(pull: Pull): void;
}

/** When images were pulled last, and whose pulls do not count. */
export interface PullStore {
  /**
   * Records pulls, but for those of excluded principals, of what is gone, and by digest of what an index lists that was
   * recorded within {@link PULLED_TOGETHER} before: those are the index's. A time never goes back.
   */
  record(pulls: readonly Pull[]): Promise<void>;
  /** Excludes a role or user; says when. */
  exclude(
    scope: Scope,
    principalArn: string,
    max: number,
    cause: Cause,
    at: Date,
  ): Promise<Date | "exists" | "too many">;
  /** False when it was not excluded. */
  include(scope: Scope, principalArn: string, cause: Cause, at: Date): Promise<boolean>;
  /** ARNs after `after` in byte order, at most `limit`. */
  excluded(scope: Scope, after: string, limit: number): Promise<readonly string[]>;
}

/** Milliseconds for which one record of a pull by the same principal stands for the next ones. */
export const RECORDED_FOR = 3_600_000;
/** Milliseconds between the records of an index and of its image that belong to one pull, at most. */
export const PULLED_TOGETHER = RECORDED_FOR + 600_000;
