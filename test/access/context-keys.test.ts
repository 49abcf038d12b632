import { afterAll, describe, expect, test, vi } from "vitest";
import type { Credentials } from "../../src/iam/access-keys.ts";
import { ADMINISTRATOR, basic, makeTestHome, startTestBerth } from "../support/berth.ts";
import { rowsOf } from "../support/rows.ts";
import { callEcrApi, callQuery, succeeded } from "./aws-client.ts";
import { ACCOUNT, openScene, type Statement } from "./scene.ts";

const OTHER = "210987654321";
const home = await makeTestHome({
  BERTH_ORGANIZATION: `o-a1b2c3d4e5/r-ab12/ou-ab12-11111111, ${OTHER}=o-zzzzzzzzzz`,
});
const berth = await startTestBerth({ home });
const scene = openScene(berth, home, { now: () => new Date() });
afterAll(async () => {
  await berth.stop();
  await home.remove();
});
const ecr = (operation: string, input: object) => callEcrApi(berth.url, operation, input, ADMINISTRATOR);
await succeeded(ecr("CreateRepository", { repositoryName: "app" }));

const ALLOW = { Effect: "Allow", Action: "*", Resource: "*" };
const denying = (Condition: object): Statement => ({ Effect: "Deny", Action: "*", Resource: "*", Condition });

async function pull({ accessKeyId, secretAccessKey }: Credentials): Promise<number> {
  const headers = { authorization: basic(accessKeyId, secretAccessKey) };
  return (await fetch(`${berth.url}/v2/app/tags/list`, { headers })).status;
}

test.each<[string, object, number]>([
  ["that it is no service", { Bool: { "aws:PrincipalIsAWSService": "false" } }, 403],
  ["that it is a service", { Bool: { "aws:PrincipalIsAWSService": "true" } }, 200],
  [
    "whose the resource is, where it is not its own",
    { StringNotEquals: { "aws:ResourceAccount": ACCOUNT } },
    200,
  ],
  ["whose the resource is, where it is its own", { StringEquals: { "aws:ResourceAccount": ACCOUNT } }, 403],
  ["that nobody says whose it is", { Null: { "aws:ResourceAccount": "true" } }, 200],
])("a Deny may ask %s", async (what, condition, status) => {
  const name = `user-${what.replaceAll(/[^a-z]/g, "").slice(0, 50)}`;
  const keys = await scene.makeUser(name, [ALLOW, denying(condition)]);
  expect(await pull(keys)).toBe(status);
  const listed = await callQuery(berth.url, "iam", "ListUsers", {}, keys);
  expect(listed.status).toBe(status);
});

test.each<[string, object, number]>([
  ["its organization", { StringEquals: { "aws:PrincipalOrgID": "o-a1b2c3d4e5" } }, 200],
  ["another organization", { StringEquals: { "aws:PrincipalOrgID": "o-zzzzzzzzzz" } }, 403],
  [
    "a unit of its organization",
    { "ForAnyValue:StringLike": { "aws:PrincipalOrgPaths": "o-a1b2c3d4e5/*/ou-ab12-11111111/*" } },
    200,
  ],
  [
    "another unit",
    { "ForAnyValue:StringLike": { "aws:PrincipalOrgPaths": "o-a1b2c3d4e5/*/ou-ab12-22222222/*" } },
    403,
  ],
])("an Allow may ask for %s", async (what, condition, status) => {
  const keys = await scene.makeUser(what.replaceAll(" ", "-"), [{ ...ALLOW, Condition: condition }]);
  expect(await pull(keys)).toBe(status);
  expect((await callQuery(berth.url, "iam", "ListUsers", {}, keys)).status).toBe(status);
  const simulated = await callQuery(
    ...([berth.url, "iam", "SimulatePrincipalPolicy"] as const),
    {
      PolicySourceArn: `arn:aws:iam::${ACCOUNT}:user/${what.replaceAll(" ", "-")}`,
      "ActionNames.member.1": "ecr:ListImages",
    },
    ADMINISTRATOR,
  );
  expect(simulated.text).toContain(`<EvalDecision>${status === 200 ? "allowed" : "implicitDeny"}<`);
});

test("a policy of a repository may open it to an organization, and shuts out others and nobody", async () => {
  await scene.makeAccount(OTHER);
  const stranger = await scene.makeUser("stranger", [ALLOW], OTHER);
  const statement = (organization: string) => ({
    ...{ Effect: "Allow", Principal: "*", Action: "ecr:*" },
    Condition: { StringEquals: { "aws:PrincipalOrgID": organization } },
  });
  for (const [organization, status] of [
    ["o-a1b2c3d4e5", 403],
    ["o-zzzzzzzzzz", 200],
  ] as const) {
    const policyText = JSON.stringify({ Version: "2012-10-17", Statement: statement(organization) });
    await succeeded(ecr("SetRepositoryPolicy", { repositoryName: "app", policyText }));
    const answer = await callEcrApi(
      berth.url,
      "DescribeRepositories",
      { registryId: ACCOUNT, repositoryNames: ["app"] },
      stranger,
    );
    expect(answer.status).toBe(status === 200 ? 200 : 400);
  }
  await succeeded(ecr("DeleteRepositoryPolicy", { repositoryName: "app" }));
});

test("a trust policy may ask whose the role is", async () => {
  const trust = (account: string): string =>
    JSON.stringify({
      Version: "2012-10-17",
      Statement: {
        ...{ Effect: "Allow", Principal: { AWS: ACCOUNT }, Action: "sts:AssumeRole" },
        Condition: { StringEquals: { "aws:ResourceAccount": account } },
      },
    });
  for (const [name, account, status] of [
    ["own", ACCOUNT, 200],
    ["foreign", "210987654321", 403],
  ] as const) {
    const role = { RoleName: name, AssumeRolePolicyDocument: trust(account) };
    await succeeded(callQuery(berth.url, "iam", "CreateRole", role, ADMINISTRATOR));
    const session = { RoleArn: `arn:aws:iam::${ACCOUNT}:role/${name}`, RoleSessionName: "run" };
    expect((await callQuery(berth.url, "sts", "AssumeRole", session, ADMINISTRATOR)).status).toBe(status);
  }
});

describe("tags of a repository", () => {
  test.each([[["team", "Team"]], [["TEAM", "other", "team"]]])(
    "whose keys %j differ in letter case alone are refused",
    async (keys) => {
      const tags = keys.map((Key) => ({ Key, Value: Key }));
      const { status, text } = await ecr("CreateRepository", { repositoryName: "twice", tags });
      expect(status).toBe(400);
      expect(JSON.parse(text)).toMatchObject({
        __type: "InvalidTagParameterException",
        message: "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
      });
    },
  );

  test.each([
    ["first", ["team", "red", "Team", "blue"]],
    ["last", ["Team", "blue", "team", "red"]],
  ])("that an older version stored with both decide alike: capitals %s", async (name, [a, x, b, y]) => {
    await rowsOf(berth, "DELETE FROM repository_resource_tags");
    for (const [key, value] of [
      [a, x],
      [b, y],
    ]) {
      await rowsOf(
        berth,
        "INSERT INTO repository_resource_tags SELECT id, $1, $2 FROM repositories WHERE name = 'app'",
        [key, value],
      );
    }
    const asking = (team: string) =>
      scene.makeUser(`${name}-${team}`, [
        { ...ALLOW, Condition: { StringEquals: { "ecr:ResourceTag/team": team } } },
      ]);
    const [blue, red] = [await asking("blue"), await asking("red")];
    await vi.waitFor(async () => expect(await pull(blue)).toBe(200), { timeout: 1_000, interval: 25 });
    expect(await pull(red)).toBe(403);
  });
});
