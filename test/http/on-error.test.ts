import { describe, expect, test } from "vitest";
import { ClientGoneError } from "../../src/http/body.ts";
import { errorOutcome, type Fault, faultOf } from "../../src/http/on-error.ts";
import { RegistryError, unavailable } from "../../src/registry/errors.ts";

function body(error: unknown): unknown {
  return JSON.parse(String(errorOutcome(error, "request-7").body));
}

describe("what an error means", () => {
  test.each<[string, unknown, Fault]>([
    ["a refusal", new RegistryError("TAG_INVALID", "x"), "caller"],
    ["a denial", new RegistryError("DENIED", "x"), "caller"],
    ["a dependency that failed", unavailable("storage", new Error("x")), "dependency"],
    ["a client that hung up", new ClientGoneError("x"), "gone"],
    [
      "a reader that closed early",
      Object.assign(new Error("x"), { code: "ERR_STREAM_PREMATURE_CLOSE" }),
      "gone",
    ],
    ["an error of the language", new TypeError("x"), "bug"],
    ["an error of a driver", Object.assign(new Error("x"), { code: "ECONNREFUSED" }), "bug"],
    ["a text", "x", "bug"],
    ["nothing", undefined, "bug"],
    ["null", null, "bug"],
  ])("%s", (_, error, fault) => {
    expect(faultOf(error)).toBe(fault);
  });
});

describe("the error body", () => {
  test("has code, message and detail, and the headers that belong to the answer", () => {
    const error = new RegistryError("RANGE_INVALID", "why", {
      detail: { size: 5 },
      facts: { blobSize: 5 },
    });
    expect(errorOutcome(error, "request-7")).toMatchObject({
      status: 416,
      headers: { "Content-Type": "application/json", "Content-Range": "bytes */5" },
    });
    expect(body(error)).toEqual({ errors: [{ code: "RANGE_INVALID", message: "why", detail: { size: 5 } }] });
  });

  test("has no detail where there is none", () => {
    expect(body(new RegistryError("DENIED", "why"))).toEqual({
      errors: [{ code: "DENIED", message: "why" }],
    });
  });

  test("shows nothing of the cause", () => {
    const error = unavailable("the database", new Error("password authentication failed for user berth"));
    expect(JSON.stringify(body(error))).not.toMatch(/password/);
  });

  test.each([new Error("secret: hunter2"), "hunter2", null, undefined])(
    "hides what a bug says and names the request instead: %s",
    (error) => {
      expect(errorOutcome(error, "request-7").status).toBe(500);
      expect(body(error)).toEqual({
        errors: [
          {
            code: "UNKNOWN",
            message: "an internal error occurred; the log has it under request id request-7",
          },
        ],
      });
    },
  );

  test("has the length in bytes, not in characters", () => {
    const { headers, body: bytes } = errorOutcome(new RegistryError("DENIED", "käse"), "x");
    expect(headers["Content-Length"]).toBe((bytes as Buffer).length);
    expect((bytes as Buffer).toString()).toMatch("käse");
  });
});
