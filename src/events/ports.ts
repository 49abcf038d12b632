import type { RegistryId } from "../registry/scope.ts";
import type { Change } from "./change.ts";
import type { Position } from "./position.ts";

/** What one look at the changes of a registry found. */
export interface Read {
  /** In the order of (xid, id). */
  readonly changes: readonly Change[];
  /** Every transaction below has ended, and was seen by this look: decimal digits. */
  readonly horizon: string;
}

/** A reader that waits for more than there is. */
export interface Waiting {
  readonly registry: RegistryId;
  readonly from: Position;
}

/** The changes that are kept. A change is read once no transaction before it can still come. */
export interface ChangeReader {
  /** At most `limit` changes from `from` on, without those of before `since`. */
  read(registry: RegistryId, from: Position, limit: number, since: Date): Promise<Read>;
  /** For which of the waiting there is something: indices of the list. */
  whoHasMore(waiting: readonly Waiting[]): Promise<readonly number[]>;
}
