import { afterAll, describe, expect, test } from "vitest";
import { type AwsAnswer, callQuery, type Keys, keysIn, succeeded } from "../access/aws-client.ts";
import { policy } from "../access/issued-credentials.ts";
import { ADMINISTRATOR, basic, makeTestHome, startTestBerth } from "../support/berth.ts";
import { exchange } from "../support/exchange.ts";
import { entry, index } from "../support/manifests.ts";
import { pushImage, pushManifest } from "../support/push.ts";
import { rowsOf } from "../support/rows.ts";
import { ecrApi } from "./support/api.ts";

const home = await makeTestHome();
afterAll(() => home.remove());
const ACCOUNT = "000000000000";
const arnOf = (kind: "user" | "role", name: string): string => `arn:aws:iam::${ACCOUNT}:${kind}/${name}`;

interface Detail {
  readonly imageDigest: string;
  readonly lastRecordedPullTime?: number;
}

async function administer(url: string, action: string, parameters: Record<string, string>): Promise<string> {
  return succeeded(callQuery(url, "iam", action, parameters, ADMINISTRATOR) as Promise<AwsAnswer>);
}

/** Keys of a user who may do everything, and of a session of a role that may, too. */
async function makePullers(url: string): Promise<{ user: Keys; session: Keys }> {
  const PolicyDocument = policy({ Effect: "Allow", Action: "*", Resource: "*" });
  await administer(url, "CreateUser", { UserName: "puller" });
  await administer(url, "PutUserPolicy", { UserName: "puller", PolicyName: "all", PolicyDocument });
  const user = keysIn(await administer(url, "CreateAccessKey", { UserName: "puller" }));
  const trust = policy({ Effect: "Allow", Action: "sts:AssumeRole", Principal: { AWS: ACCOUNT } });
  await administer(url, "CreateRole", { RoleName: "ci", Path: "/x/", AssumeRolePolicyDocument: trust });
  await administer(url, "PutRolePolicy", { RoleName: "ci", PolicyName: "all", PolicyDocument });
  const assumed = { RoleArn: arnOf("role", "x/ci"), RoleSessionName: "run" };
  return { user, session: keysIn(await succeeded(callQuery(url, "sts", "AssumeRole", assumed, user))) };
}

/** The password that stands for keys, as clients of the registry's door send it. */
async function authorizationOf(berth: { url: string }, keys: Keys): Promise<string> {
  const { authorizationData } = await ecrApi(berth, keys).ask<{
    authorizationData: { authorizationToken: string }[];
  }>("GetAuthorizationToken", {});
  const [user = "", password = ""] = Buffer.from(authorizationData[0]?.authorizationToken ?? "", "base64")
    .toString()
    .split(":");
  return basic(user, password);
}

test("what counts as a pull, by either door, is told of later, by whatever node", async () => {
  const berth = await startTestBerth({ home });
  const api = ecrApi(berth);
  const { user, session } = await makePullers(berth.url);
  const digests: Record<string, string> = {};
  const push = async (label: string): Promise<void> => {
    digests[label] = (await pushImage(berth, "app", label, label)).digest;
  };
  for (const label of ["get", "head", "conditional", "api", "user", "role", "nobody"]) await push(label);
  const child = await pushImage(berth, "app", undefined, "child");
  const list = await pushManifest(berth, "app", index([entry(child)]), "list");
  Object.assign(digests, { child: child.digest, list: list.digest });

  for (const principalArn of [arnOf("user", "puller"), arnOf("role", "x/ci")]) {
    await api.ask("RegisterPullTimeUpdateExclusion", { principalArn });
  }
  const before = Date.now() / 1000;
  const pull = (reference: string, headers = {}, method = "GET") =>
    exchange(berth, { method, path: `/v2/app/manifests/${reference}`, headers });
  expect((await pull("get")).status).toBe(200);
  expect((await pull("head", {}, "HEAD")).status).toBe(200);
  expect((await pull("conditional", { "if-none-match": `"${digests["conditional"]}"` })).status).toBe(304);
  expect((await pull("list")).status).toBe(200);
  expect((await pull(child.digest)).status).toBe(200);
  const get = (imageTag: string) => ({ repositoryName: "app", imageIds: [{ imageTag }] });
  await api.ask("BatchGetImage", get("api"));
  // Both are excluded, by both doors.
  const authorization = await authorizationOf(berth, session);
  expect((await pull("role", { authorization })).status).toBe(200);
  await ecrApi(berth, session).ask("BatchGetImage", get("role"));
  await ecrApi(berth, user).ask("BatchGetImage", get("user"));
  expect((await pull("user", { authorization: await authorizationOf(berth, user) })).status).toBe(200);
  await berth.stop();

  const next = await startTestBerth({ home });
  const { imageDetails } = await ecrApi(next).ask<{ imageDetails: Detail[] }>("DescribeImages", {
    repositoryName: "app",
  });
  const labelOf = new Map(Object.entries(digests).map(([label, digest]) => [digest, label]));
  const pulled = imageDetails.filter(({ lastRecordedPullTime }) => lastRecordedPullTime !== undefined);
  expect(pulled.map(({ imageDigest }) => labelOf.get(imageDigest)).sort()).toEqual(["api", "get", "list"]);
  for (const { lastRecordedPullTime = 0 } of pulled)
    expect(lastRecordedPullTime).toBeGreaterThanOrEqual(before - 1);
  await next.stop();
});

describe("exclusions", () => {
  test("are made once, listed in order, and taken back once", async () => {
    const berth = await startTestBerth({ home });
    const api = ecrApi(berth);
    const [a, b, c] = [arnOf("role", "a/b"), arnOf("user", "b"), arnOf("user", "c")] as const;
    const made = await api.ask<{ principalArn: string; createdAt: number }>(
      "RegisterPullTimeUpdateExclusion",
      {
        principalArn: b,
      },
    );
    expect(made).toEqual({ principalArn: b, createdAt: expect.any(Number) });
    for (const principalArn of [a, c]) await api.ask("RegisterPullTimeUpdateExclusion", { principalArn });
    expect(await api.refused("RegisterPullTimeUpdateExclusion", { principalArn: b })).toEqual([
      "ExclusionAlreadyExistsException",
      `The principal '${b}' is excluded already`,
    ]);
    const list = (more = {}) =>
      api.ask<{ pullTimeUpdateExclusions: string[]; nextToken?: string }>(
        "ListPullTimeUpdateExclusions",
        more,
      );
    const all = [a, arnOf("role", "x/ci"), b, c, arnOf("user", "puller")];
    expect(await list()).toEqual({ pullTimeUpdateExclusions: all });
    const first = await list({ maxResults: 3 });
    expect(first.pullTimeUpdateExclusions).toEqual(all.slice(0, 3));
    const { nextToken } = first;
    expect(await list({ maxResults: 3, nextToken })).toEqual({ pullTimeUpdateExclusions: all.slice(3) });

    for (const principalArn of all) {
      expect(await api.ask("DeregisterPullTimeUpdateExclusion", { principalArn })).toEqual({ principalArn });
    }
    expect(await api.refused("DeregisterPullTimeUpdateExclusion", { principalArn: b })).toEqual([
      "ExclusionNotFoundException",
      `The principal '${b}' is not excluded`,
    ]);
    expect(await list()).toEqual({ pullTimeUpdateExclusions: [] });
    const records = await rowsOf(
      berth,
      `SELECT action, resource, detail FROM audit_log
        WHERE action LIKE 'ecr:%PullTimeUpdateExclusion' AND detail -> 'parameters' ->> 'principalArn' = '${b}' ORDER BY id`,
    );
    const principalArn = b;
    const record = { resource: "*", detail: { parameters: { principalArn }, principalArn } };
    expect(records).toEqual([
      { action: "ecr:RegisterPullTimeUpdateExclusion", ...record },
      { action: "ecr:DeregisterPullTimeUpdateExclusion", ...record },
    ]);

    for (let n = 0; n < 100; n++) {
      await api.ask("RegisterPullTimeUpdateExclusion", { principalArn: arnOf("user", `u${n}`) });
    }
    expect(await api.refused("RegisterPullTimeUpdateExclusion", { principalArn: b })).toEqual([
      "LimitExceededException",
      "A registry excludes at most 100 principals",
    ]);
    const [code] = await api.refused("RegisterPullTimeUpdateExclusion", {
      principalArn: "arn:aws:iam::1:user/x",
    });
    expect(code).toMatch(/^(?:InvalidParameter|Validation)Exception$/);
    await berth.stop();
  });
});
