/** Milliseconds for which a delivery is tried, from when it was queued. */
export const TRIED_FOR = 24 * 3_600_000;
/** Milliseconds for which what was delivered can be looked at, and for which what is dead can be replayed. */
export const DELIVERED_KEPT = 3_600_000;
export const DEAD_KEPT = 7 * 24 * 3_600_000;
/** Deliveries of one webhook that wait; events beyond wait in the outbox, for as long as that keeps them for webhooks. */
export const WAITING_MAX = 20_000;

const FIRST_PAUSE = 5_000;
const PAUSE_MAX = 3_600_000;

/** Milliseconds until a queue is tried again after so many failures in a row: they double, up to an hour. */
export function pauseAfter(failures: number, random: () => number = Math.random): number {
  const pause = Math.min(PAUSE_MAX, FIRST_PAUSE * 2 ** Math.min(failures - 1, 20));
  return Math.round(pause * (0.9 + random() * 0.2));
}
