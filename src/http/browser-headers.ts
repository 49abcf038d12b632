import type { Outcome } from "./outcome.ts";

/** Seconds for which a browser goes on to insist on TLS. */
const HSTS_SECONDS = 365 * 24 * 3600;

/**
 * What every answer tells browsers: content was pushed by strangers, so that it is nothing but what its type says, runs
 * nothing and is kept by nobody. TLS is insisted on where all clients have it.
 */
export function browserHeaders(allHaveTls: boolean): Outcome["headers"] {
  return {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cache-Control": "no-store",
    ...(allHaveTls ? { "Strict-Transport-Security": `max-age=${HSTS_SECONDS}` } : {}),
  };
}

/** Of content that has an entity tag: its reader may keep it, and asks each time whether it still may have it. */
export const ASK_EACH_TIME = { "Cache-Control": "private, no-cache" };
