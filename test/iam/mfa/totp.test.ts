import { Secret } from "otpauth";
import { expect, test } from "vitest";
import { newSeed, otpauthUri, stepAt, stepOfCode, stepOfPair } from "../../../src/iam/mfa/totp.ts";

/** RFC 6238, appendix B: the seed of SHA-1, moments, and the last six digits of their codes. */
const SEED = Secret.fromLatin1("12345678901234567890").base32;
const VECTORS = [
  [59, "287082"],
  [1_111_111_109, "081804"],
  [1_111_111_111, "050471"],
  [1_234_567_890, "005924"],
  [2_000_000_000, "279037"],
  [20_000_000_000, "353130"],
] as const;

test.each(VECTORS)("the code of second %i is that of RFC 6238", (second, code) => {
  const step = stepAt(new Date(second * 1000));
  expect(step).toBe(Math.floor(second / 30));
  expect(stepOfCode(SEED, code, step)).toBe(step);
});

test("a code is found one step around, and no further", () => {
  const step = Math.floor(1_111_111_111 / 30);
  expect(stepOfCode(SEED, "050471", step - 1)).toBe(step);
  expect(stepOfCode(SEED, "050471", step + 1)).toBe(step);
  expect(stepOfCode(SEED, "050471", step - 2)).toBeUndefined();
  expect(stepOfCode(SEED, "050471", step + 2)).toBeUndefined();
});

test("two codes in a row are found in ten minutes around, and only in their order", () => {
  // The two of 1111111109 and 1111111111 are neighbours.
  const second = Math.floor(1_111_111_111 / 30);
  expect(stepOfPair(SEED, ["081804", "050471"], second + 20)).toBe(second);
  expect(stepOfPair(SEED, ["081804", "050471"], second + 21)).toBeUndefined();
  expect(stepOfPair(SEED, ["050471", "081804"], second)).toBeUndefined();
  expect(stepOfPair(SEED, ["050471", "050471"], second)).toBeUndefined();
});

test.each(["12345", "1234567", "abcdef", "", "١٢٣٤٥٦"])("%j is no code", (code) => {
  expect(stepOfCode(SEED, code, 1)).toBeUndefined();
});

test("a seed has 64 characters of base32, and never comes again", () => {
  const seed = newSeed();
  expect(seed).toMatch(/^[A-Z2-7]{64}$/);
  expect(newSeed()).not.toBe(seed);
});

test("the URI tells an authenticator app all that it needs", () => {
  const uri = new URL(otpauthUri(SEED, "phone", "123456789012"));
  expect([uri.protocol, uri.host, decodeURIComponent(uri.pathname)]).toEqual([
    ...["otpauth:", "totp", "/Berth:phone@123456789012"],
  ]);
  expect(uri.searchParams.get("secret")).toBe(SEED);
});
