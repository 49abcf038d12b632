import { afterAll, describe, expect, test } from "vitest";
import { ADMINISTRATOR, basic, makeTestHome, startTestBerth } from "../support/berth.ts";
import { exchange } from "../support/exchange.ts";
import { callEcrApi, callQuery, succeeded } from "./aws-client.ts";
import { ACCOUNT, allow, document, openScene } from "./scene.ts";

const home = await makeTestHome();
const berth = await startTestBerth({ home });
afterAll(async () => {
  await berth.stop();
  await home.remove();
});
const scene = openScene(berth, home, { now: () => new Date() });
const { accessKeyId, secretAccessKey } = await scene.makeUser("reader", [
  { ...allow(["ecr:ListImages"]), Condition: { StringEquals: { "ecr:ResourceTag/team": "blue" } } },
]);
const ecr = (operation: string, input: object): Promise<string> =>
  succeeded(callEcrApi(berth.url, operation, input, ADMINISTRATOR));
const iam = (action: string, parameters: Readonly<Record<string, string>>): Promise<string> =>
  succeeded(callQuery(berth.url, "iam", action, parameters, ADMINISTRATOR));

async function list(name: string): Promise<number> {
  const headers = { authorization: basic(accessKeyId, secretAccessKey) };
  return (await exchange(berth, { path: `/v2/${name}/tags/list`, headers })).status;
}

/** What is answered before and right after a change. */
async function around(name: string, change: () => Promise<unknown>): Promise<readonly number[]> {
  const before = await list(name);
  await change();
  return [before, await list(name)];
}

describe("the node that makes a change goes by it at once:", () => {
  test("a repository that is made with a tag", async () => {
    const tags = [{ Key: "team", Value: "blue" }];
    const make = (): Promise<string> => ecr("CreateRepository", { repositoryName: "tagged", tags });
    expect(await around("tagged", make)).toEqual([403, 200]);
  });

  test("a tag of a repository, given and taken away", async () => {
    await ecr("CreateRepository", { repositoryName: "untagged" });
    const resourceArn = `arn:aws:ecr:us-east-1:${ACCOUNT}:repository/untagged`;
    const tags = [{ Key: "team", Value: "blue" }];
    expect(await around("untagged", () => ecr("TagResource", { resourceArn, tags }))).toEqual([403, 200]);
    const untag = (): Promise<string> => ecr("UntagResource", { resourceArn, tagKeys: ["team"] });
    expect(await around("untagged", untag)).toEqual([200, 403]);
  });

  test("a policy of a user, given and taken away", async () => {
    await ecr("CreateRepository", { repositoryName: "plain" });
    const named = { UserName: "reader", PolicyName: "more" };
    const PolicyDocument = document(allow(["ecr:ListImages"], "plain"));
    expect(await around("plain", () => iam("PutUserPolicy", { ...named, PolicyDocument }))).toEqual([
      403, 200,
    ]);
    expect(await around("plain", () => iam("DeleteUserPolicy", named))).toEqual([200, 403]);
  });

  test("a policy of a repository", async () => {
    await ecr("CreateRepository", { repositoryName: "shared" });
    const principal = { AWS: `arn:aws:iam::${ACCOUNT}:user/reader` };
    const policyText = document({ Effect: "Allow", Principal: principal, Action: "ecr:ListImages" });
    const set = (): Promise<string> => ecr("SetRepositoryPolicy", { repositoryName: "shared", policyText });
    expect(await around("shared", set)).toEqual([403, 200]);
  });

  test("a key that is switched off", async () => {
    await ecr("CreateRepository", { repositoryName: "keyed", tags: [{ Key: "team", Value: "blue" }] });
    const key = { UserName: "reader", AccessKeyId: accessKeyId };
    const off = (): Promise<string> => iam("UpdateAccessKey", { ...key, Status: "Inactive" });
    const on = (): Promise<string> => iam("UpdateAccessKey", { ...key, Status: "Active" });
    expect(await around("keyed", off)).toEqual([200, 401]);
    expect(await around("keyed", on)).toEqual([401, 200]);
  });
});
