import { stepAt, stepOfCode, stepOfPair } from "./totp.ts";

/** What is remembered of the codes of a device. */
export interface MfaCounters {
  /** Time step of the last code that counted; 0 before the first. */
  readonly lastStep: number;
  /** Steps that the clock of the device is ahead. */
  readonly drift: number;
  /** Wrong codes since the last right one. */
  readonly failures: number;
  /** Until then no code is looked at. */
  readonly retryAt: Date | undefined;
}

export interface Judgement {
  readonly accepted: boolean;
  /** How the counters stand afterwards. */
  readonly counters: MfaCounters;
}

/** Wrong codes in a row that cost nothing. */
const FREE_FAILURES = 5;
/** Milliseconds of the first pause; each further wrong code doubles it, up to the longest. */
const PAUSE = 30_000;
const PAUSE_MAX = 15 * 60_000;
/** Steps by which two typed codes are off though the clock of the device is right. */
const TYPING = 1;

/**
 * Whether a code proves who has the device. It must be newer than the last one that counted ("the verifier MUST NOT
 * accept the second attempt of the OTP", RFC 6238 section 5.2).
 */
export function judgeCode(seed: string, counters: MfaCounters, code: string, now: Date): Judgement {
  if (isPaused(counters, now)) return { accepted: false, counters };
  const step = stepOfCode(seed, code, stepAt(now) + counters.drift);
  if (step === undefined) return { accepted: false, counters: afterFailure(counters, now) };
  // A code that counted already tells that somebody saw one, not that somebody guesses.
  if (step <= counters.lastStep) return { accepted: false, counters };
  return { accepted: true, counters: { ...counters, lastStep: step, failures: 0, retryAt: undefined } };
}

/**
 * How the counters stand after two codes of a device, one after the other, which tell how its clock goes; undefined when
 * they are not. Nobody guesses two codes at once: wrong ones are not counted, and right ones end a pause.
 */
export function judgePair(
  seed: string,
  { lastStep }: MfaCounters,
  codes: readonly [string, string],
  now: Date,
): MfaCounters | undefined {
  const present = stepAt(now);
  const step = stepOfPair(seed, codes, present);
  if (step === undefined || step - 1 <= lastStep) return undefined;
  const ahead = step - present;
  const drift = Math.abs(ahead) <= TYPING ? 0 : ahead;
  return { lastStep: step, drift, failures: 0, retryAt: undefined };
}

function isPaused({ retryAt }: MfaCounters, now: Date): boolean {
  return retryAt !== undefined && retryAt.getTime() > now.getTime();
}

function afterFailure(counters: MfaCounters, now: Date): MfaCounters {
  const failures = counters.failures + 1;
  if (failures < FREE_FAILURES) return { ...counters, failures };
  const pause = Math.min(PAUSE * 2 ** (failures - FREE_FAILURES), PAUSE_MAX);
  return { ...counters, failures, retryAt: new Date(now.getTime() + pause) };
}
