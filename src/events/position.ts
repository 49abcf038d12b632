import type { Change } from "./change.ts";

/** Where a reader of one registry's events goes on: before the change at (xid, id), or the next one after it. */
export interface Position {
  /** Transaction, as decimal digits. */
  readonly xid: string;
  readonly id: number;
  /** Events of exactly that change that have been read already. */
  readonly skip: number;
}

/** Before everything that is kept. */
export const START: Position = { xid: "0", id: 0, skip: 0 };

/** Behind all events of a change. */
export function behind({ xid, id }: Change): Position {
  return { xid, id: id + 1, skip: 0 };
}

/** Behind every transaction below `horizon`: of those none is under way any more. */
export function atHorizon(horizon: string): Position {
  return { xid: horizon, id: 0, skip: 0 };
}
