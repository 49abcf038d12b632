import type { Clock } from "../../src/registry/clock.ts";

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;

/** Time that passes only when a test says so. */
export class ManualClock implements Clock {
  #now: number;

  constructor(start = "2030-01-01T00:00:00.000Z") {
    this.#now = Date.parse(start);
  }

  now(): Date {
    return new Date(this.#now);
  }

  advance(milliseconds: number): void {
    this.#now += milliseconds;
  }
}
