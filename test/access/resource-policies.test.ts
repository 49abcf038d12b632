import { afterAll, beforeEach, describe, expect, test, vi } from "vitest";
import type { Credentials } from "../../src/iam/access-keys.ts";
import { ADMINISTRATOR, basic, makeTestHome, startTestBerth } from "../support/berth.ts";
import { type AwsAnswer, callEcrApi, callQuery, succeeded } from "./aws-client.ts";
import { ACCOUNT, allow, openScene, REGION } from "./scene.ts";

const home = await makeTestHome();
const berth = await startTestBerth({ home });
const scene = openScene(berth, home, { now: () => new Date() });
afterAll(async () => {
  await berth.stop();
  await home.remove();
});

const REPOSITORY = `arn:aws:ecr:${REGION}:${ACCOUNT}:repository`;
const ecr = (operation: string, input: object, keys: Credentials = ADMINISTRATOR): Promise<AwsAnswer> =>
  callEcrApi(berth.url, operation, input, keys);
const iam = (action: string, parameters: Record<string, string>, keys: Credentials = ADMINISTRATOR) =>
  callQuery(berth.url, "iam", action, parameters, keys);
const text = (statement: object): string => JSON.stringify({ Version: "2012-10-17", Statement: statement });

/** Waits for an answer, no longer than a change may take to be in force. */
function within1s(ask: () => Promise<{ readonly status: number }>, status: number): Promise<unknown> {
  return vi.waitFor(async () => expect((await ask()).status).toBe(status), { timeout: 1_000, interval: 25 });
}

function pull(name: string, { accessKeyId, secretAccessKey }: Credentials): Promise<Response> {
  const headers = { authorization: basic(accessKeyId, secretAccessKey) };
  return fetch(`${berth.url}/v2/${name}/tags/list`, { headers });
}

const writer = await scene.makeUser("writer", [allow(["ecr:PutRegistryPolicy"])]);
const mender = await scene.makeUser("mender", [
  allow(["ecr:GetRepositoryPolicy", "ecr:SetRepositoryPolicy", "ecr:DeleteRepositoryPolicy"]),
  allow(["ecr:GetRegistryPolicy", "ecr:PutRegistryPolicy", "ecr:DeleteRegistryPolicy"]),
]);
const reader = await scene.makeUser("reader", [allow(["ecr:ListImages"])]);
for (const name of ["team/app", "team/other"]) await ecr("CreateRepository", { repositoryName: name });

beforeEach(async () => {
  await ecr("DeleteRegistryPolicy", {});
  for (const repositoryName of ["team/app", "team/other"]) {
    await ecr("DeleteRepositoryPolicy", { repositoryName });
  }
  await within1s(() => pull("team/app", reader), 200);
});

describe("a registry policy that names every action and resource", () => {
  const everything = (effect: string, user = "*"): string =>
    text({ Effect: effect, Principal: user === "*" ? "*" : { AWS: user }, Action: "*", Resource: "*" });

  test("gives its author nothing in IAM", async () => {
    const me = `arn:aws:iam::${ACCOUNT}:user/writer`;
    await succeeded(ecr("PutRegistryPolicy", { policyText: everything("Allow", me) }, writer));
    await within1s(() => pull("team/app", writer), 200);
    for (const [action, parameters] of [
      ["CreateUser", { UserName: "mine" }],
      ["ListUsers", {}],
      [
        "AttachUserPolicy",
        { UserName: "writer", PolicyArn: "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryFullAccess" },
      ],
    ] as const) {
      expect((await iam(action, parameters, writer)).status).toBe(403);
    }
  });

  test.each([
    ["as it is written today", (policyText: string) => ecr("PutRegistryPolicy", { policyText }, writer)],
    ["as an older version stored it", (policyText: string) => storeRegistryPolicy(policyText)],
  ])("denies nothing in IAM, and can be deleted by whoever may: %s", async (_, store) => {
    await store(everything("Deny"));
    await within1s(() => pull("team/app", reader), 403);
    expect((await iam("ListUsers", {})).status).toBe(200);
    expect((await ecr("GetRegistryPolicy", {}, mender)).status).toBe(200);
    expect((await ecr("PutRegistryPolicy", { policyText: everything("Deny") }, mender)).status).toBe(200);
    expect((await ecr("DeleteRegistryPolicy", {}, reader)).status).toBe(400);
    expect((await ecr("DeleteRegistryPolicy", {}, mender)).status).toBe(200);
    await within1s(() => pull("team/app", reader), 200);
  });
});

async function storeRegistryPolicy(document: string): Promise<void> {
  await berth.database.run(
    {
      name: "test_store_registry_policy",
      text: `INSERT INTO registry_policies (registry_id, document, updated_at)
        SELECT id, $1, now() FROM registries WHERE account_id = $2 AND region = $3
        ON CONFLICT (registry_id) DO UPDATE SET document = EXCLUDED.document`,
    },
    [document, ACCOUNT, REGION],
  );
}

async function storeRepositoryPolicy(name: string, document: string): Promise<void> {
  await berth.database.run(
    {
      name: "test_store_repository_policy",
      text: `INSERT INTO repository_policies (repository_id, document, updated_at)
        SELECT r.id, $1, now() FROM repositories r JOIN registries g ON g.id = r.registry_id
          WHERE g.account_id = $2 AND r.name = $3 AND r.deleted_at IS NULL
        ON CONFLICT (repository_id) DO UPDATE SET document = EXCLUDED.document`,
    },
    [document, ACCOUNT, name],
  );
}

test("a repository policy that names its own ARN says what it would say without", async () => {
  const statement = { Effect: "Allow", Principal: "*", Action: "ecr:DescribeRepositories" };
  const policyText = text({ ...statement, Resource: `${REPOSITORY}/team/app` });
  await succeeded(ecr("SetRepositoryPolicy", { repositoryName: "team/app", policyText }));
  await within1s(() => ecr("DescribeRepositories", { repositoryNames: ["team/app"] }, reader), 200);
  expect((await pull("team/app", reader)).status).toBe(200);
  expect((await ecr("DescribeRepositories", { repositoryNames: ["team/other"] }, reader)).status).toBe(400);
  expect((await ecr("DeleteRepositoryPolicy", { repositoryName: "team/app" })).status).toBe(200);
});

test("a repository policy that denies its administrators everything can be replaced and deleted by them", async () => {
  const policyText = text({ Effect: "Deny", Principal: "*", Action: "ecr:*" });
  const named = { repositoryName: "team/app" };
  expect((await ecr("SetRepositoryPolicy", { ...named, policyText }, mender)).status).toBe(400);
  await succeeded(ecr("SetRepositoryPolicy", { ...named, policyText, force: true }, mender));
  await within1s(() => pull("team/app", reader), 403);
  expect((await ecr("GetRepositoryPolicy", named, mender)).status).toBe(200);
  expect((await ecr("SetRepositoryPolicy", { ...named, policyText, force: true }, mender)).status).toBe(200);
  expect((await ecr("GetRepositoryPolicy", named, reader)).status).toBe(400);
  expect((await ecr("DeleteRepositoryPolicy", named, mender)).status).toBe(200);
});

describe.each([
  ["garbage", "} not a policy {"],
  [
    "an operator that nobody knows",
    text({ Effect: "Allow", Principal: "*", Action: "*", Condition: { Is: { "a:b": "c" } } }),
  ],
  ["more than is ever read", `{"Statement":[]${" ".repeat(300_000)}}`],
])("a stored policy that is %s", (_, document) => {
  test("of a repository fails what asks it, there alone, is told in the log, and can be mended", async () => {
    await storeRepositoryPolicy("team/app", document);
    await within1s(() => pull("team/app", reader), 500);
    expect((await pull("team/other", reader)).status).toBe(200);
    expect((await iam("ListUsers", {})).status).toBe(200);
    const failed = await ecr("DeleteRepository", { repositoryName: "team/app" });
    expect(failed).toMatchObject({ status: 500, text: expect.not.stringContaining("team/app") });
    expect(berth.log).toContainEqual(
      expect.objectContaining({
        level: "warn",
        message: "a stored policy cannot be read",
        fields: expect.objectContaining({
          policy: "policy of repository team/app",
          account: ACCOUNT,
          region: REGION,
        }),
      }),
    );
    expect((await ecr("GetRepositoryPolicy", { repositoryName: "team/app" }, mender)).status).toBe(200);
    const policyText = text({ Effect: "Allow", Principal: "*", Action: "ecr:ListImages" });
    const replaced = await ecr("SetRepositoryPolicy", { repositoryName: "team/app", policyText }, mender);
    expect(replaced.status).toBe(200);
    await within1s(() => pull("team/app", reader), 200);
    await storeRepositoryPolicy("team/app", document);
    expect((await ecr("DeleteRepositoryPolicy", { repositoryName: "team/app" }, mender)).status).toBe(200);
    await within1s(() => pull("team/app", reader), 200);
  });

  test("of a registry fails what asks it, and can be deleted", async () => {
    await storeRegistryPolicy(document);
    await within1s(() => pull("team/app", reader), 500);
    expect((await iam("ListUsers", {})).status).toBe(200);
    expect((await ecr("DeleteRegistryPolicy", {}, mender)).status).toBe(200);
    await within1s(() => pull("team/app", reader), 200);
  });
});

test("a repository whose policy nobody can read is not in the catalog, and no source of a mount", async () => {
  const described = allow([
    "ecr:DescribeRepositories",
    "ecr:InitiateLayerUpload",
    "ecr:GetDownloadUrlForLayer",
  ]);
  const { accessKeyId, secretAccessKey } = await scene.makeUser("looker", [described]);
  const headers = { authorization: basic(accessKeyId, secretAccessKey) };
  const catalog = async (): Promise<unknown> => (await fetch(`${berth.url}/v2/_catalog`, { headers })).json();
  await storeRepositoryPolicy("team/app", "garbage");
  await vi.waitFor(async () => expect(await catalog()).toEqual({ repositories: ["team/other"] }), {
    ...{ timeout: 1_000, interval: 25 },
  });
  const mount = `mount=sha256:${"a".repeat(64)}&from=team/app`;
  const begun = await fetch(`${berth.url}/v2/team/other/blobs/uploads/?${mount}`, {
    method: "POST",
    headers,
  });
  expect(begun.status).toBe(202);
});

describe("an inline policy that cannot be read", () => {
  const broken = async (user: string): Promise<void> => {
    await berth.database.run(
      {
        name: "test_store_inline_policy",
        text: `INSERT INTO iam_inline_policies (account_id, entity_id, name, document)
          SELECT account_id, id, 'broken', 'garbage' FROM iam_entities WHERE account_id = $1 AND name = $2`,
      },
      [ACCOUNT, user],
    );
  };

  test("fails what its user asks, and nobody else", async () => {
    const keys = await scene.makeUser("unlucky", [allow(["ecr:ListImages"])]);
    expect((await pull("team/app", keys)).status).toBe(200);
    await broken("unlucky");
    await within1s(() => pull("team/app", keys), 500);
    expect((await pull("team/app", reader)).status).toBe(200);
    expect((await iam("DeleteUserPolicy", { UserName: "unlucky", PolicyName: "broken" })).status).toBe(200);
    await within1s(() => pull("team/app", keys), 200);
  });

  test("does not keep its own user from mending it, where another of its policies allows that", async () => {
    const anything = { Effect: "Allow", Action: "*", Resource: "*" };
    const keys = await scene.makeUser("second-administrator", [anything]);
    await broken("second-administrator");
    await within1s(() => pull("team/app", keys), 500);
    const named = { UserName: "second-administrator", PolicyName: "broken" };
    expect((await iam("CreateUser", { UserName: "more" }, keys)).status).toBe(500);
    expect((await iam("GetUserPolicy", named, keys)).status).toBe(200);
    expect((await iam("DeleteUserPolicy", named, keys)).status).toBe(200);
    await within1s(() => pull("team/app", keys), 200);
  });
});

test("a trust policy that cannot be read fails who assumes the role, and can be replaced", async () => {
  const trust = text({ Effect: "Allow", Principal: { AWS: ACCOUNT }, Action: "sts:AssumeRole" });
  await succeeded(iam("CreateRole", { RoleName: "unread", AssumeRolePolicyDocument: trust }));
  await berth.database.run(
    {
      name: "test_break_trust",
      text: "UPDATE iam_entities SET trust_policy = 'garbage' WHERE name = 'unread'",
    },
    [],
  );
  const role = { RoleArn: `arn:aws:iam::${ACCOUNT}:role/unread`, RoleSessionName: "session" };
  const assume = () => callQuery(berth.url, "sts", "AssumeRole", role, ADMINISTRATOR);
  expect((await assume()).status).toBe(500);
  await succeeded(iam("UpdateAssumeRolePolicy", { RoleName: "unread", PolicyDocument: trust }));
  await within1s(assume, 200);
});
