import { expect, test } from "vitest";
import type { AwsCall } from "../../../../src/http/aws/call.ts";
import { stsHandlers } from "../../../../src/http/aws/sts/index.ts";
import type { StsPorts } from "../../../../src/iam/sessions/ports.ts";

const ACCOUNT = "123456789012";
const handlers = stsHandlers({} as StsPorts);
const callOf = (principal: object): AwsCall => ({ principal }) as unknown as AwsCall;

test("STS has the operations that Berth offers", () => {
  expect(Object.keys(handlers)).toEqual([
    ...[
      "AssumeRole",
      "AssumeRoleWithWebIdentity",
      "GetAccessKeyInfo",
      "GetCallerIdentity",
      "GetFederationToken",
      "GetSessionToken",
    ],
  ]);
});

test.each([
  [
    { kind: "root", account: ACCOUNT, arn: `arn:aws:iam::${ACCOUNT}:root` },
    { UserId: ACCOUNT, Account: ACCOUNT, Arn: `arn:aws:iam::${ACCOUNT}:root` },
  ],
  [
    { kind: "user", account: ACCOUNT, arn: `arn:aws:iam::${ACCOUNT}:user/a`, uniqueId: "AIDA1" },
    { UserId: "AIDA1", Account: ACCOUNT, Arn: `arn:aws:iam::${ACCOUNT}:user/a` },
  ],
  [
    {
      ...{ kind: "session", account: ACCOUNT, arn: `arn:aws:sts::${ACCOUNT}:assumed-role/r/s` },
      ...{ uniqueId: "AROA1", roleName: "r", sessionName: "s" },
    },
    { UserId: "AROA1:s", Account: ACCOUNT, Arn: `arn:aws:sts::${ACCOUNT}:assumed-role/r/s` },
  ],
])("GetCallerIdentity tells %o who it is, without any permission", async (principal, answer) => {
  expect(await handlers.GetCallerIdentity?.(callOf(principal), {})).toEqual(answer);
});
