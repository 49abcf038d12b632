const UNITS: readonly (readonly [seconds: number, name: string])[] = [
  [365 * 86_400, "y"],
  [30 * 86_400, "mo"],
  [86_400, "d"],
  [3_600, "h"],
  [60, "m"],
];

/** How long ago a time is, in the largest unit that fits at least twice; `never` without one. */
export function formatAge(time: Date | undefined, now: Date): string {
  if (time === undefined) return "never";
  const seconds = Math.max(0, (now.getTime() - time.getTime()) / 1_000);
  const unit = UNITS.find(([length]) => seconds >= 2 * length);
  return unit === undefined
    ? `${Math.floor(seconds)}s ago`
    : `${Math.floor(seconds / unit[0])}${unit[1]} ago`;
}
