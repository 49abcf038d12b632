import type { Scope } from "../scope.ts";

/** What one line of a report is about. */
export type UsageUnit = "repository" | "namespace";

/** What a report of usage is to say. */
export interface UsageQuery {
  readonly by: UsageUnit;
  /** Repositories below `NAMESPACE/` alone; undefined: all of the registry. */
  readonly namespace: string | undefined;
  /** Images that nobody pulled or pushed since are looked at apart; undefined: they are not. */
  readonly unpulledSince: Date | undefined;
  /** Lines, at most: those that hold the most bytes. */
  readonly limit: number;
}

/** How much something holds. Bytes are those of configs and layers. */
export interface UsageFigures {
  readonly repositories: number;
  /** Manifests, also those that an index lists. */
  readonly images: number;
  /** What is stored, each blob once. */
  readonly bytes: number;
  /** What its images would take more if none shared a blob with another. */
  readonly savedBytes: number;
  /** What nothing else of the registry holds: it would come back if all of this went. */
  readonly ownBytes: number;
  /** Undefined unless they were asked for. */
  readonly unpulled: UnpulledFigures | undefined;
}

/** Of images that nobody pulled: neither them, nor an index that lists them, nor what they refer to. */
export interface UnpulledFigures {
  readonly images: number;
  readonly bytes: number;
  /** What would come back if these went and nothing else. */
  readonly reclaimableBytes: number;
}

/** How much a registry holds, as a whole and by line. */
export interface UsageReport {
  readonly total: UsageFigures;
  /** The largest first; the namespace of repositories without one is empty. */
  readonly lines: readonly (UsageFigures & { readonly name: string })[];
  /** There are more than `limit`. */
  readonly isCut: boolean;
}

/** What a registry holds, added up by the database. */
export interface UsageStore {
  /**
   * One statement that sees one moment, takes no lock that anybody waits for, and keeps to one core. Its cost is linear in
   * the manifests, their references and the blobs of the repositories in question. "too much" where it took too long.
   */
  report(scope: Scope, query: UsageQuery): Promise<UsageReport | "too much">;
}
