import { describe, expect, test } from "vitest";
import { loadModel, SERVICES } from "../../../src/aws-models/model.ts";
import { matchesPattern } from "../../../src/http/aws/patterns.ts";

const models = await Promise.all(SERVICES.map(loadModel));
const patterned = models.flatMap(({ shapes }) =>
  Object.values(shapes).flatMap(({ pattern, max }) =>
    pattern === undefined ? [] : [{ pattern, max: max ?? 131_072 }],
  ),
);

/** Texts that make a careless pattern try every way of cutting them. */
const HOSTILE = ["a", "a.", "a-", "-", "_", "a/", "/", "*", "a*", "0", ":", "\\", "a_a-", " ", "é", "v1."];

test.each(patterned)("$pattern takes hostile text in no time", ({ pattern, max }) => {
  const start = performance.now();
  for (const piece of HOSTILE) {
    for (const end of ["", "!", "\0", "\n"]) {
      const text = piece.repeat(Math.ceil(max / piece.length)).slice(0, max - end.length) + end;
      matchesPattern(pattern, text);
      matchesPattern(pattern, `arn:aws:iam::123456789012:role/${text}`.slice(0, max));
    }
  }
  expect(performance.now() - start).toBeLessThan(1_000);
});

describe("patterns that are rewritten say what the model says", () => {
  const SCAN = "^[a-z0-9*](?:[._\\-/a-z0-9*]?[a-z0-9*]+)*$";
  const pieces = ["a", "*", ".", "-", "/", "_", "A"];
  const texts = [1, 2, 3, 4, 5].flatMap((length) => words(pieces, length));

  test("scan filters", () => {
    const original = new RegExp(SCAN);
    for (const text of texts) expect([text, matchesPattern(SCAN, text)]).toEqual([text, original.test(text)]);
  });

  test("ARNs of STS may hold any character of the range beyond the basic plane", () => {
    const arn = models
      .flatMap(({ shapes }) => shapes["arnType"]?.pattern ?? [])
      .find((p) => p.includes("10FFFF"));
    expect(arn).toBeDefined();
    expect(matchesPattern(arn ?? "", "arn:aws:iam::1:role/é😀")).toBe(true);
    expect(matchesPattern(arn ?? "", "arn:\0")).toBe(false);
  });
});

function words(pieces: readonly string[], length: number): readonly string[] {
  if (length === 0) return [""];
  return words(pieces, length - 1).flatMap((word) => pieces.map((piece) => word + piece));
}

test("a pattern covers the whole text", () => {
  expect(matchesPattern("[0-9]{12}", "123456789012")).toBe(true);
  expect(matchesPattern("[0-9]{12}", "1234567890123")).toBe(false);
  expect(matchesPattern("[0-9]{12}", "123456789012\n")).toBe(false);
  expect(matchesPattern("^$|a", "ab")).toBe(false);
});
