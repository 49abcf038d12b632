import { createHash } from "node:crypto";

/** Milliseconds that the core of which a bound speaks takes for {@link work}: one of a computer of these years. */
const REFERENCE = 5.5;
const TRIES = 12;

const TEXT = JSON.stringify(Array.from({ length: 100_000 }, (_, at) => `${at}`.padStart(36, "x")));

/** What requests cost their time for: looking at each character, parsing, hashing. */
function work(): number {
  let sum = 0;
  for (let at = 0; at < TEXT.length; at++) sum = (sum * 31 + TEXT.charCodeAt(at)) | 0;
  return sum + JSON.parse(TEXT).length + createHash("sha256").update(TEXT).digest().length;
}

/**
 * How much longer this core takes for the same work than the one of which a bound speaks; 1 for a faster one. So a bound
 * says the same of the code on every machine.
 */
export function slownessOfCore(): number {
  let least = Number.POSITIVE_INFINITY;
  for (let each = 0; each < TRIES; each++) {
    const before = process.threadCpuUsage();
    work();
    const { user, system } = process.threadCpuUsage(before);
    least = Math.min(least, (user + system) / 1_000);
  }
  return Math.max(1, least / REFERENCE);
}
