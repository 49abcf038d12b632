import { expect, test } from "vitest";
import type { LoginAttempt, LoginOrigin } from "../../../src/iam/logins/login-attempt.ts";
import { LoginGuard } from "../../../src/iam/logins/login-guard.ts";

/** A secret of letters and digits alone: every fourth that is made. */
const SECRET = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEYab";
const KEY = "AKIAEXAMPLEEXAMPLE12";
const CUSTOM_KEY = "my_own_administrator";

/** Access keys that log and audit log are told of, one after the other. */
function namedBy(accessKeyId: string, end: (attempt: LoginAttempt) => void): readonly string[] {
  const named: string[] = [];
  const origin: LoginOrigin = {
    ...{ door: "registry", sourceIp: "203.0.113.7", secureTransport: true, userAgent: "" },
    ...{ requestId: "id", at: new Date(0), onClaim: (key) => void named.push(key) },
  };
  const attempt = new LoginGuard((event) => void named.push(event.accessKeyId)).begin(origin);
  attempt.admit({ accessKeyId, fingerprint: "hash" });
  end(attempt);
  return [...new Set(named)].filter((name) => name !== "");
}

test.each<[string, string, (attempt: LoginAttempt) => void, readonly string[]]>([
  ["a key of Berth's, known or not", KEY, (attempt) => attempt.failed("unknown"), [KEY]],
  [
    "a key that somebody chose, once it is known",
    CUSTOM_KEY,
    (attempt) => attempt.failed("wrong", "1"),
    [CUSTOM_KEY],
  ],
  ["a key that somebody chose, once it is proven", CUSTOM_KEY, (attempt) => attempt.proven(), [CUSTOM_KEY]],
  ["nothing that may be a secret in the place of a key", SECRET, (attempt) => attempt.failed("unknown"), []],
  ["nothing else that nobody is called", "x".repeat(40), (attempt) => attempt.failed("unknown"), []],
])("a log names %s", (_, accessKeyId, end, named) => {
  expect(namedBy(accessKeyId, end)).toEqual(named);
});
