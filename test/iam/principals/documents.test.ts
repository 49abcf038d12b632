import { describe, expect, test } from "vitest";
import {
  parseTrustPolicy,
  requireInlinePolicy,
  requireManagedPolicy,
  requireSessionPolicy,
} from "../../../src/iam/principals/documents.ts";

const STATEMENT = { Effect: "Allow", Action: "ecr:*", Resource: "*" };
const TRUST = { Effect: "Allow", Principal: "*", Action: "sts:AssumeRole" };
const VERSION = "2012-10-17";
const inline = (text: string) => requireInlinePolicy(text, [], "user", "alice");

describe("a managed policy", () => {
  test.each([
    ["without a version", { Statement: STATEMENT }],
    ["of the older version", { Version: "2008-10-17", Statement: STATEMENT }],
  ])("%s is refused", (_, document) => {
    expect(() => requireManagedPolicy(JSON.stringify(document))).toThrow(
      "Policy document must be version 2012-10-17 or greater.",
    );
  });

  test("of today's version is taken, and an inline policy of any", () => {
    requireManagedPolicy(JSON.stringify({ Version: VERSION, Statement: STATEMENT }));
    inline(JSON.stringify({ Statement: STATEMENT }));
    inline(JSON.stringify({ Version: "2008-10-17", Statement: STATEMENT }));
  });
});

describe.each([
  ["a managed policy", requireManagedPolicy, STATEMENT],
  ["an inline policy", inline, STATEMENT],
  ["a session policy", requireSessionPolicy, STATEMENT],
  ["a trust policy", parseTrustPolicy, TRUST],
])("%s", (_, require, statement) => {
  const withSids = (...sids: readonly (string | undefined)[]): string =>
    JSON.stringify({ Version: VERSION, Statement: sids.map((Sid) => ({ Sid, ...statement })) });

  test("has no Sid twice", () => {
    for (const text of [withSids("a", "a"), withSids("a", undefined, "b", "a")]) {
      expect(() => require(text)).toThrow("Statement IDs (SID) in a single policy must be unique.");
    }
  });

  test("may have none, empty ones, and those that differ", () => {
    for (const text of [withSids(undefined, undefined), withSids("", ""), withSids("a", "A")]) {
      expect(() => require(text)).not.toThrow();
    }
  });
});
