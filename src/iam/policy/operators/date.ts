import { relations } from "./numeric.ts";

/** W3C's profile of ISO 8601: a year, a month, a day, or a moment with its zone. */
const ISO =
  /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(?:Z|([+-])(\d\d):?(\d\d)))?)?)?$/;
const EPOCH = /^\d{5,15}(?:\.\d{1,9})?$|^\d{1,3}$/;

/**
 * Milliseconds of a date in a policy or request: ISO 8601 as W3C profiles it, or seconds since 1970 (IAM: "Date condition
 * operators"). Four digits alone are a year.
 */
export function parseDate(text: string): number | undefined {
  if (EPOCH.test(text)) return Math.round(Number(text) * 1000);
  const match = ISO.exec(text);
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = [1, 2, 3, 4, 5, 6].map((group) =>
    Number(match[group] ?? NaN),
  );
  const at = new Date(0);
  at.setUTCFullYear(year ?? 0, (month || 1) - 1, day || 1);
  at.setUTCHours(hour || 0, minute || 0, second || 0, Number(`0.${match[7] ?? 0}`) * 1000);
  // A date rolls over (30 February is in March): what comes out must be what was written.
  if ((month && at.getUTCMonth() + 1 !== month) || (day && at.getUTCDate() !== day)) return undefined;
  if (month === 0 || day === 0 || (hour ?? 0) > 23 || (minute ?? 0) > 59 || (second ?? 0) > 59)
    return undefined;
  const zone = Number(match[9] ?? 0) * 60 + Number(match[10] ?? 0);
  return at.getTime() - (match[8] === "-" ? -zone : zone) * 60_000;
}

/** IAM's date operators. */
export const DATE_OPERATORS = relations("Date", parseDate, "a date (ISO 8601, or seconds since 1970)");
