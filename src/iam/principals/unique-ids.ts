import { randomInt } from "node:crypto";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** What AWS's ids begin with ("IAM identifiers: understanding unique ID prefixes"). */
const PREFIXES = {
  ...{ user: "AIDA", group: "AGPA", role: "AROA" },
  ...{ policy: "ANPA", instanceProfile: "AIPA" },
} as const;

/** An id that is never used again, so that a policy can name a user whose name may return. */
export function newUniqueId(kind: keyof typeof PREFIXES): string {
  return PREFIXES[kind] + randomLetters(17);
}

/** `AKIA…` for keys that last, `ASIA…` for those of a session. */
export function newAccessKeyId(prefix: "AKIA" | "ASIA"): string {
  return prefix + randomLetters(16);
}

function randomLetters(length: number): string {
  return Array.from({ length }, () => ALPHABET[randomInt(ALPHABET.length)]).join("");
}
