import { expect, test } from "vitest";
import { PolicyError } from "../../../src/iam/policy/errors.ts";

test("a refusal names the place, the rule and what was found", () => {
  expect(new PolicyError("Statement[1].Effect", "must be Allow or Deny", "Maybe").message).toBe(
    'Statement[1].Effect: must be Allow or Deny, not "Maybe"',
  );
  expect(new PolicyError("Version", "is missing").message).toBe("Version: is missing");
});

test("a refusal of all of it names the document", () => {
  expect(new PolicyError("", "is not JSON").message).toBe("the document: is not JSON");
});

test("a value is shown in 200 characters at most", () => {
  const shown = (length: number) => new PolicyError("Id", "is too long", "x".repeat(length - 2)).message;
  expect(shown(200)).toBe(`Id: is too long, not "${"x".repeat(198)}"`);
  expect(shown(201)).toBe(`Id: is too long, not "${"x".repeat(199)}…`);
});
