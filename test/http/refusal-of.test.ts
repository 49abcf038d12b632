import { describe, expect, test } from "vitest";
import { type OciCode, Refusal } from "../../src/http/refusal.ts";
import { refusalOf } from "../../src/http/refusal-of.ts";
import { type Reason, RegistryError } from "../../src/registry/errors.ts";
import { parseRepositoryName } from "../../src/registry/names.ts";

describe("what the registry's door answers", () => {
  test.each<[Reason, OciCode, number]>([
    ["BLOB_UNKNOWN", "BLOB_UNKNOWN", 404],
    ["BLOB_UPLOAD_INVALID", "BLOB_UPLOAD_INVALID", 400],
    ["BLOB_UPLOAD_UNKNOWN", "BLOB_UPLOAD_UNKNOWN", 404],
    ["BLOB_REFERENCED", "UNSUPPORTED", 405],
    ["BLOB_TOO_LARGE", "SIZE_INVALID", 413],
    ["DIGEST_INVALID", "DIGEST_INVALID", 400],
    ["MANIFEST_BLOB_UNKNOWN", "MANIFEST_BLOB_UNKNOWN", 404],
    ["MANIFEST_CHILD_UNKNOWN", "MANIFEST_BLOB_UNKNOWN", 404],
    ["MANIFEST_DIGEST_WRONG", "DIGEST_INVALID", 400],
    ["MANIFEST_INVALID", "MANIFEST_INVALID", 400],
    ["MANIFEST_TYPE_MISSING", "MANIFEST_INVALID", 400],
    ["MANIFEST_UNKNOWN", "MANIFEST_UNKNOWN", 404],
    ["MANIFEST_REFERENCED", "UNSUPPORTED", 405],
    ["MANIFEST_TOO_LARGE", "SIZE_INVALID", 413],
    ["NAME_INVALID", "NAME_INVALID", 400],
    ["NAME_UNKNOWN", "NAME_UNKNOWN", 404],
    ["SIZE_INVALID", "SIZE_INVALID", 400],
    ["RANGE_INVALID", "RANGE_INVALID", 416],
    ["TAG_INVALID", "TAG_INVALID", 400],
    ["TAG_IMMUTABLE", "TAG_INVALID", 400],
    ["TAG_PARAMETERS_TOO_MANY", "TAG_INVALID", 414],
    ["PRECONDITION_FAILED", "PRECONDITION_FAILED", 412],
    ["DENIED", "DENIED", 403],
    ["SCOPES_TOO_MANY", "UNSUPPORTED", 400],
    ["TOOMANYREQUESTS", "TOOMANYREQUESTS", 429],
    ["UNAVAILABLE", "UNAVAILABLE", 503],
    ["UNKNOWN", "UNKNOWN", 500],
  ])("for %s is %s and %i", (reason, code, status) => {
    const cause = new Error("why");
    const error = new RegistryError(reason, "said", { detail: { a: 1 }, cause });
    expect(refusalOf(error)).toMatchObject({ code, status, message: "said", detail: { a: 1 }, headers: {} });
    expect(refusalOf(error).cause).toBe(cause);
  });

  test("says when to try again, how long a blob is, and where a session is", () => {
    const upload = { account: "123456789012", name: parseRepositoryName("app"), id: "7", size: 5 };
    const facts = { retryAfter: 3, blobSize: 9, upload };
    expect(refusalOf(new RegistryError("RANGE_INVALID", "x", { facts })).headers).toEqual({
      ...{ "Retry-After": "3", "Content-Range": "bytes */9" },
      ...{ Range: "0-4", Location: "/v2/app/blobs/uploads/7", "Docker-Upload-UUID": "7" },
    });
  });
});

describe("a refusal", () => {
  test.each<[OciCode, number]>([
    ["UNAUTHORIZED", 401],
    ["UNSUPPORTED", 405],
    ["PAGINATION_NUMBER_INVALID", 400],
  ])("of %s is %i unless it says otherwise", (code, status) => {
    expect(new Refusal(code, "why")).toMatchObject({ code, status, message: "why", headers: {} });
    expect(new Refusal(code, "why", { status: 499 })).toMatchObject({ code, status: 499 });
  });
});
