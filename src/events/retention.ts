/** Milliseconds for which every event can be read. */
export const EVENTS_KEPT = 24 * 3_600_000;
/**
 * Milliseconds after which a change is forgotten at the earliest. Longer by more than any transaction takes: a change may
 * come behind one that says a later time.
 */
export const CHANGES_KEPT = EVENTS_KEPT + 600_000;
/** Milliseconds for which a change waits, at most, until it was looked through for every webhook. */
export const UNTOLD_KEPT = 3 * EVENTS_KEPT;
