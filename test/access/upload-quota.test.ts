import { afterAll, expect, test } from "vitest";
import { ADMINISTRATOR, basic, startTestBerth } from "../support/berth.ts";
import { exchange } from "../support/exchange.ts";
import { callQuery, type Keys, keysIn, succeeded } from "./aws-client.ts";
import { ACCOUNT, allow, document } from "./scene.ts";

const berth = await startTestBerth({ env: { BERTH_UPLOADS_PER_PRINCIPAL: "2" } });
afterAll(() => berth.stop());

const iam = (action: string, parameters: Readonly<Record<string, string>>, keys: Keys = ADMINISTRATOR) =>
  succeeded(callQuery(berth.url, "iam", action, parameters, keys));

const user = await makeUser("pusher");

async function makeUser(UserName: string): Promise<Keys> {
  await iam("CreateUser", { UserName });
  const PolicyDocument = document(allow(["ecr:*", "sts:*"]));
  await iam("PutUserPolicy", { UserName, PolicyName: "p", PolicyDocument });
  return keysIn(await iam("CreateAccessKey", { UserName }));
}

async function makeRole(RoleName: string): Promise<void> {
  const Principal = { AWS: `arn:aws:iam::${ACCOUNT}:user/pusher` };
  const AssumeRolePolicyDocument = document({ Effect: "Allow", Action: "sts:AssumeRole", Principal });
  await iam("CreateRole", { RoleName, AssumeRolePolicyDocument });
  const policy = { RoleName, PolicyName: "p", PolicyDocument: document(allow(["ecr:*"])) };
  await iam("PutRolePolicy", policy);
}

/** Opens an upload session as a session of a role, and gives the status. */
async function openAs(role: string, RoleSessionName: string): Promise<number> {
  const wanted = { RoleArn: `arn:aws:iam::${ACCOUNT}:role/${role}`, RoleSessionName };
  return open(keysIn(await succeeded(callQuery(berth.url, "sts", "AssumeRole", wanted, user))));
}

async function open({ accessKeyId, secretAccessKey, sessionToken }: Keys): Promise<number> {
  const password = sessionToken === undefined ? secretAccessKey : `${secretAccessKey}.${sessionToken}`;
  const headers = { authorization: basic(accessKeyId, password) };
  return (await exchange(berth, { method: "POST", path: "/v2/lib/app/blobs/uploads/", headers })).status;
}

test("open uploads of all sessions of a role count together, and of no other role", async () => {
  for (const role of ["ci", "ci-two", "c"]) await makeRole(role);
  expect([await openAs("ci", "job-1"), await openAs("ci", "job-2")]).toEqual([202, 202]);
  expect([await openAs("ci", "job-3"), await openAs("ci", "job-1")]).toEqual([429, 429]);
  expect([await openAs("ci-two", "job-1"), await openAs("c", "job-1")]).toEqual([202, 202]);
});

test("open uploads of a user count with those of its session tokens, and of no other user", async () => {
  const session = keysIn(await succeeded(callQuery(berth.url, "sts", "GetSessionToken", {}, user)));
  expect([await open(user), await open(session), await open(user), await open(session)]).toEqual([
    ...[202, 202, 429, 429],
  ]);
  expect(await open(await makeUser("pusher2"))).toBe(202);
});
