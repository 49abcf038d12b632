import type { Scope } from "../registry/scope.ts";
import { type ChangeEvent, eventsOf } from "./envelope.ts";
import type { ChangeReader } from "./ports.ts";
import { atHorizon, behind, type Position } from "./position.ts";

/** A stretch of a registry's events. */
export interface EventPage {
  readonly events: readonly ChangeEvent[];
  /** Where the next page begins. */
  readonly next: Position;
  /** Whether there may be more at once. */
  readonly isMore: boolean;
  /** Time of the last change that was read. */
  readonly last: Date | undefined;
  /** See {@link Read.horizon}. */
  readonly horizon: string;
}

/** At most `limit` events from a position on, without those of before `since`; a page may end within a change of several. */
export async function readPage(
  reader: ChangeReader,
  scope: Scope,
  from: Position,
  limit: number,
  since: Date,
): Promise<EventPage> {
  const { changes, horizon } = await reader.read(scope.id, from, limit, since);
  const events: ChangeEvent[] = [];
  const about = { events, last: changes.at(-1)?.at, horizon };
  for (const change of changes) {
    const isFirst = change.xid === from.xid && change.id === from.id;
    const skip = isFirst ? from.skip : 0;
    const room = limit - events.length;
    const own = eventsOf(scope, change, skip, room + 1);
    events.push(...own.slice(0, room));
    if (own.length > room) {
      const next = { xid: change.xid, id: change.id, skip: skip + room };
      return { ...about, last: change.at, next, isMore: true };
    }
  }
  const last = changes.at(-1);
  if (last !== undefined && changes.length === limit) return { ...about, next: behind(last), isMore: true };
  return { ...about, next: atHorizon(horizon), isMore: false };
}
