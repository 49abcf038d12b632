import { expect, test } from "vitest";
import { RegistryError, unavailable } from "../../src/registry/errors.ts";

test("an error keeps reason, detail, facts and cause of its thrower", () => {
  const cause = new Error("disk");
  const facts = { blobSize: 1 };
  const error = new RegistryError("RANGE_INVALID", "why", { detail: { size: 1 }, facts, cause });
  expect(error).toMatchObject({ reason: "RANGE_INVALID", message: "why", detail: { size: 1 }, facts });
  expect(error.cause).toBe(cause);
  expect(new RegistryError("DENIED", "why")).toMatchObject({ detail: undefined, facts: {} });
});

test("what is unavailable says when to try again and keeps the cause for the log", () => {
  const cause = new Error("connect ECONNREFUSED 10.0.0.7:5432");
  const error = unavailable("the database", cause, 7);
  expect(error).toMatchObject({
    reason: "UNAVAILABLE",
    message: "the database is not available at the moment; try again",
    facts: { retryAfter: 7 },
  });
  expect(error.cause).toBe(cause);
});
