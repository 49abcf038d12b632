import { describe, expect, test } from "vitest";
import { type ErrorCode, RegistryError, unavailable } from "../../src/registry/errors.ts";

describe("RegistryError", () => {
  test.each<[ErrorCode, number]>([
    ["BLOB_UNKNOWN", 404],
    ["BLOB_UPLOAD_INVALID", 400],
    ["BLOB_UPLOAD_UNKNOWN", 404],
    ["DIGEST_INVALID", 400],
    ["MANIFEST_BLOB_UNKNOWN", 404],
    ["MANIFEST_INVALID", 400],
    ["MANIFEST_UNKNOWN", 404],
    ["NAME_INVALID", 400],
    ["NAME_UNKNOWN", 404],
    ["SIZE_INVALID", 400],
    ["RANGE_INVALID", 416],
    ["TAG_INVALID", 400],
    ["PAGINATION_NUMBER_INVALID", 400],
    ["PRECONDITION_FAILED", 412],
    ["UNAUTHORIZED", 401],
    ["DENIED", 403],
    ["UNSUPPORTED", 405],
    ["TOOMANYREQUESTS", 429],
    ["UNAVAILABLE", 503],
    ["UNKNOWN", 500],
  ])("%s is %i", (code, status) => {
    expect(new RegistryError(code, "why")).toMatchObject({ code, status, message: "why", headers: {} });
  });

  test("takes status, detail, headers and cause of its thrower", () => {
    const cause = new Error("disk");
    const error = new RegistryError("SIZE_INVALID", "why", {
      status: 413,
      detail: { size: 1 },
      headers: { Range: "0-0" },
      cause,
    });
    expect(error).toMatchObject({ status: 413, detail: { size: 1 }, headers: { Range: "0-0" } });
    expect(error.cause).toBe(cause);
  });
});

test("what is unavailable says when to try again and keeps the cause for the log", () => {
  const cause = new Error("connect ECONNREFUSED 10.0.0.7:5432");
  const error = unavailable("the database", cause, 7);
  expect(error).toMatchObject({
    code: "UNAVAILABLE",
    status: 503,
    message: "the database is not available at the moment; try again",
    headers: { "Retry-After": "7" },
  });
  expect(error.cause).toBe(cause);
});
