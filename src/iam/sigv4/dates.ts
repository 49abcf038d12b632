import { SignatureError } from "./errors.ts";

/** Minutes by which a client's clock may differ, in both directions. */
export const WINDOW_MINUTES = 15;

const AMZ_DATE = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/;

/** `20150830T123600Z`. */
export function amzDate(date: Date): string {
  return `${date.toISOString().slice(0, 19).replaceAll(/[-:]/g, "")}Z`;
}

/** The moment of an ISO 8601 basic or an RFC 7231 date; undefined when it is neither. */
export function parseSigningDate(text: string): Date | undefined {
  const parts = AMZ_DATE.exec(text);
  if (parts !== null) {
    const [, year, month, day, hour, minute, second] = parts;
    const date = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
    // A day that the month lacks would roll over, and be another text than the one that was signed.
    return Number.isNaN(date.getTime()) || amzDate(date) !== text ? undefined : date;
  }
  if (!/^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/.test(text)) return undefined;
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

/** @throws SignatureError when `signed` is further from `now` than {@link WINDOW_MINUTES} */
export function requireWithinWindow(signed: Date, now: Date): void {
  const window = WINDOW_MINUTES * 60_000;
  const [said, present] = [amzDate(signed), amzDate(now)];
  const earliest = new Date(now.getTime() - window);
  const latest = new Date(now.getTime() + window);
  // In whole seconds, as the texts show them.
  if (said < amzDate(earliest)) {
    throw new SignatureError(
      "mismatch",
      `Signature expired: ${said} is now earlier than ${amzDate(earliest)} (${present} - ${WINDOW_MINUTES} min.)`,
    );
  }
  if (said > amzDate(latest)) {
    throw new SignatureError(
      "mismatch",
      `Signature not yet current: ${said} is still later than ${amzDate(latest)} (${present} + ${WINDOW_MINUTES} min.)`,
    );
  }
}

/** @throws SignatureError when `now` is more than `lifetime` seconds after `signed` */
export function requireUnexpired(signed: Date, lifetime: number, now: Date): void {
  const [said, earliest] = [amzDate(signed), amzDate(new Date(now.getTime() - lifetime * 1000))];
  if (said >= earliest) return;
  throw new SignatureError(
    "mismatch",
    `Signature expired: ${said} is now earlier than ${earliest} (${amzDate(now)} - ${lifetime} sec.)`,
  );
}
