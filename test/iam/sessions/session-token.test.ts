import { expect, test } from "vitest";
import type { Identity } from "../../../src/iam/principals/identity.ts";
import { holdsSessionToken } from "../../../src/iam/sessions/session-token.ts";

const ACCOUNT = "123456789012";
const ROOT = { kind: "root", account: ACCOUNT, arn: `arn:aws:iam::${ACCOUNT}:root` } as const;
const USER = {
  kind: "user",
  ...{ account: ACCOUNT, arn: `arn:aws:iam::${ACCOUNT}:user/a`, uniqueId: "AIDA1", name: "a" },
} as const;
const SESSION = {
  kind: "session",
  ...{ account: ACCOUNT, arn: `arn:aws:sts::${ACCOUNT}:assumed-role/r/s`, uniqueId: "AROA1" },
  ...{ role: `arn:aws:iam::${ACCOUNT}:role/r`, roleName: "r", sessionName: "s" },
} as const;

test.each<[string, Identity, boolean]>([
  ["a user's session token", { ...USER, accessKeyId: "ASIAEXAMPLE" }, true],
  ["the root's session token", { ...ROOT, accessKeyId: "ASIAEXAMPLE" }, true],
  ["a user's lasting key", { ...USER, accessKeyId: "AKIAEXAMPLE" }, false],
  ["the root's lasting key", { ...ROOT, accessKeyId: "AKIAEXAMPLE" }, false],
  ["a session of a role", { ...SESSION, accessKeyId: "ASIAEXAMPLE" }, false],
])("%s is told from other credentials", (_, identity, holds) => {
  expect(holdsSessionToken(identity)).toBe(holds);
});
