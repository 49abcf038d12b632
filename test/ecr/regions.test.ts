import { afterAll, describe, expect, test, vi } from "vitest";
import type { Credentials } from "../../src/iam/access-keys.ts";
import { type AwsAnswer, callEcrApi, callQuery, succeeded } from "../access/aws-client.ts";
import { ACCOUNT, allow, openScene } from "../access/scene.ts";
import { ADMINISTRATOR, basic, makeTestHome, startTestBerth } from "../support/berth.ts";
import { type Answer, exchange, expectAnswer } from "../support/exchange.ts";
import { rowsOf } from "../support/rows.ts";

const home = await makeTestHome({ BERTH_REGIONS: "eu-west-1,ap-south-1" });
const berth = await startTestBerth({ home });
const scene = openScene(berth, home, { now: () => new Date() });
afterAll(async () => {
  await berth.stop();
  await home.remove();
});

const [HERE, WEST, SOUTH] = ["us-east-1", "eu-west-1", "ap-south-1"];

function ecr(
  region: string,
  operation: string,
  input: object = {},
  keys: Credentials = ADMINISTRATOR,
): Promise<AwsAnswer> {
  return callEcrApi(berth.url, operation, input, { ...keys, region });
}

interface Repository {
  readonly repositoryName: string;
  readonly repositoryArn: string;
  readonly repositoryUri: string;
}

async function repositoriesOf(region: string): Promise<readonly Repository[]> {
  return JSON.parse(await succeeded(ecr(region, "DescribeRepositories"))).repositories;
}

function hostOf(region: string): string {
  return `${ACCOUNT}.dkr.ecr.${region}.localhost:${new URL(berth.url).port}`;
}

/** A request to the registry of a region. */
function to(region: string, method: string, path: string, authorization?: string): Promise<Answer> {
  const headers = { host: hostOf(region), ...(authorization === undefined ? {} : { authorization }) };
  return exchange(berth, { method, path, headers });
}

const READER = `arn:aws:iam::${ACCOUNT}:user/reader`;
const policyText = (statement: object): string =>
  JSON.stringify({ Version: "2012-10-17", Statement: { Principal: { AWS: READER }, ...statement } });

describe("the region of the signature says whose registry is meant", () => {
  test("a name is free in each, and what is made in one is in no other", async () => {
    for (const region of [WEST, SOUTH]) {
      await succeeded(ecr(region, "CreateRepository", { repositoryName: "team/app" }));
      const [repository] = await repositoriesOf(region);
      expect(repository?.repositoryArn).toBe(`arn:aws:ecr:${region}:${ACCOUNT}:repository/team/app`);
      expect(repository?.repositoryUri).toBe(`${hostOf(region)}/team/app`);
    }
    expect(await repositoriesOf(HERE)).toEqual([]);
    await succeeded(ecr(SOUTH, "DeleteRepository", { repositoryName: "team/app" }));
    expect(await repositoriesOf(WEST)).toHaveLength(1);
  });

  test("policies of repository and registry are a region's own", async () => {
    const keys = await scene.makeUser("reader", [allow(["iam:GetUser"])]);
    const read = () => ecr(WEST, "DescribeRepositories", { repositoryNames: ["team/app"] }, keys);
    const text = policyText({
      Effect: "Allow",
      Action: "ecr:*",
      Resource: `arn:aws:ecr:*:${ACCOUNT}:repository/*`,
    });
    expect((await read()).status).toBe(400);
    await succeeded(ecr(SOUTH, "PutRegistryPolicy", { policyText: text }));
    expect((await read()).status).toBe(400);
    expect((await ecr(WEST, "GetRegistryPolicy")).text).toContain("RegistryPolicyNotFoundException");
    await succeeded(ecr(WEST, "PutRegistryPolicy", { policyText: text }));
    await vi.waitFor(async () => expect((await read()).status).toBe(200));
  });

  test("conditions see it, where no ARN has it", async () => {
    const keys = await scene.makeUser("westerner", [
      {
        Effect: "Allow",
        Action: "ecr:GetAuthorizationToken",
        Resource: "*",
        Condition: { StringEquals: { "aws:RequestedRegion": WEST } },
      },
    ]);
    expect((await ecr(WEST, "GetAuthorizationToken", {}, keys)).status).toBe(200);
    const { text } = await ecr(SOUTH, "GetAuthorizationToken", {}, keys);
    expect(text).toContain("not authorized to perform: ecr:GetAuthorizationToken on resource: *");
  });

  test("one that is not served is none", async () => {
    const { status, text } = await ecr("eu-central-1", "DescribeRepositories");
    expect([status, text]).toEqual([
      400,
      expect.stringContaining("scoped to a valid region, not 'eu-central-1'."),
    ]);
  });
});

describe("the host name says it on the registry side", () => {
  test("a first push makes the registry of a region, a pull or a stranger none", async () => {
    const regions = () => rowsOf<{ region: string }>(berth, "SELECT region FROM registries");
    const stranger = await scene.makeUser("stranger", [allow(["iam:GetUser"])]);
    const login = basic(stranger.accessKeyId, stranger.secretAccessKey);
    const path = "/v2/new/app/blobs/uploads/";
    expectAnswer(await to(WEST, "POST", path, login), { status: 403 });
    expectAnswer(await to("eu-central-1", "POST", path), { status: 404, code: "NAME_UNKNOWN" });
    expect((await regions()).map(({ region }) => region).sort()).toEqual([SOUTH, WEST, HERE].sort());
    expectAnswer(await to(WEST, "POST", path), { status: 202 });
    expect((await repositoriesOf(WEST)).map(({ repositoryName }) => repositoryName)).toContain("new/app");
  });

  test("a password is good in its region alone, and says where", async () => {
    const { authorizationData } = JSON.parse(await succeeded(ecr(WEST, "GetAuthorizationToken")));
    const [{ authorizationToken, proxyEndpoint }] = authorizationData;
    expect(proxyEndpoint).toBe(`http://${hostOf(WEST)}`);
    const login = `Basic ${authorizationToken}`;
    expectAnswer(await to(WEST, "GET", "/v2/new/app/tags/list", login), { status: 200 });
    expectAnswer(await to(SOUTH, "GET", "/v2/new/app/tags/list", login), { status: 401 });
  });
});

describe("the host name says it for Berth's own API", () => {
  test("a password of another region is good for nothing there", async () => {
    const { authorizationData } = JSON.parse(await succeeded(ecr(WEST, "GetAuthorizationToken")));
    const login = `Basic ${authorizationData[0].authorizationToken}`;
    for (const path of ["/v1/events", "/v1/webhooks"]) {
      expectAnswer(await to(WEST, "GET", path, login), { status: 200 });
      expectAnswer(await to(SOUTH, "GET", path, login), { status: 401 });
    }
  });

  test("conditions see the region", async () => {
    const Condition = { StringEquals: { "aws:RequestedRegion": WEST } };
    const action = ["berth:ListEvents", "berth:ListWebhooks"];
    const keys = await scene.makeUser("listener", [
      { Effect: "Allow", Action: action, Resource: "*", Condition },
    ]);
    const login = basic(keys.accessKeyId, keys.secretAccessKey);
    for (const path of ["/v1/events", "/v1/webhooks"]) {
      expectAnswer(await to(WEST, "GET", path, login), { status: 200 });
      expectAnswer(await to(SOUTH, "GET", path, login), { status: 403 });
    }
  });
});

test("IAM answers for every region", async () => {
  const keys = { ...ADMINISTRATOR, region: "sa-east-1" };
  await succeeded(callQuery(berth.url, "iam", "ListUsers", {}, keys));
});
