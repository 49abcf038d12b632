import { SLAB } from "./memory.ts";

/** S3's limits. */
const PART_MIN = 5 * 1024 * 1024;
export const LAST_PART_NUMBER = 10_000;

/**
 * Slabs of the part with this number. They grow, so that small layers need little memory and the numbers still reach
 * a layer of 52,000 MiB; never more than all the memory there is.
 */
export function slabsOfPart(number: number, capacity: number): number {
  return Math.min(number <= 1000 ? 1 : number <= 3000 ? 2 : 8, capacity);
}

/**
 * The least bytes that the end of a request must have to become a part of its own. Half a part: a client that sends
 * small chunks must not use the numbers up.
 */
export function leastRemainder(number: number, capacity: number): number {
  return Math.max(PART_MIN, (slabsOfPart(number, capacity) * SLAB) / 2);
}
