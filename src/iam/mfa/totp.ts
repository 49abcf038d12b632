import { randomBytes } from "node:crypto";
import { Secret, TOTP } from "otpauth";

/** Bytes of a seed: 64 characters of base32. */
const SEED_BYTES = 40;
/** Seconds of a time step. */
const PERIOD = 30;
const DIGITS = 6;
const CODE = /^[0-9]{6}$/;
/** Steps around the present that a code may be of: the user types, and clocks differ (RFC 6238 section 5.2). */
const WINDOW = 1;
/** Steps in which two codes in a row are looked for, where the clock of a device is not known yet. */
const SEARCH = 20;

/** A new seed in base32. */
export function newSeed(): string {
  return new Secret({ buffer: new Uint8Array(randomBytes(SEED_BYTES)).buffer }).base32;
}

/** What authenticator apps read from a QR code. `account` is whose device it is. */
export function otpauthUri(seed: string, name: string, account: string): string {
  return totpOf(seed, `${name}@${account}`).toString();
}

/** Which time step a moment is in. */
export function stepAt(at: Date): number {
  return Math.floor(at.getTime() / 1000 / PERIOD);
}

/** The step whose code that is, near the one given; undefined when it is none. Takes equally long for all wrong codes. */
export function stepOfCode(seed: string, code: string, near: number): number | undefined {
  return search(seed, code, near, WINDOW);
}

/** The step of the second of two codes in a row; undefined when they are not. */
export function stepOfPair(
  seed: string,
  [first, second]: readonly [string, string],
  near: number,
): number | undefined {
  const step = search(seed, first, near - 1, SEARCH);
  if (step === undefined || search(seed, second, step + 1, 0) === undefined) return undefined;
  return step + 1;
}

function search(seed: string, code: string, near: number, window: number): number | undefined {
  if (!CODE.test(code)) return undefined;
  const delta = totpOf(seed).validate({ token: code, timestamp: near * PERIOD * 1000, window });
  return delta === null ? undefined : near + delta;
}

function totpOf(seed: string, label = ""): TOTP {
  return new TOTP({
    ...{ secret: Secret.fromBase32(seed), algorithm: "SHA1", digits: DIGITS, period: PERIOD },
    ...{ issuer: "Berth", label },
  });
}
