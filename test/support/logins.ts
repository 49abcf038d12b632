import type { LoginAttempt, Logins } from "../../src/iam/logins/login-attempt.ts";

/** A try that nobody counts. */
export const UNCOUNTED: LoginAttempt = {
  admit: () => undefined,
  failed: () => undefined,
  believed: () => undefined,
  proven: () => undefined,
};

/** Slows nobody down. */
export const UNLIMITED: Logins = { begin: () => UNCOUNTED };
