import { afterAll, describe, expect, test } from "vitest";
import { ADMINISTRATOR, makeTestHome, startTestBerth } from "../support/berth.ts";
import { callEcrApi, type Keys, succeeded } from "./aws-client.ts";
import { ACCOUNT, allow, openScene, REGION, type Statement } from "./scene.ts";

const home = await makeTestHome();
const berth = await startTestBerth({ home });
afterAll(async () => {
  await berth.stop();
  await home.remove();
});
const scene = openScene(berth, home, { now: () => new Date() });
const ecr = (operation: string, input: object, keys: Keys = ADMINISTRATOR) =>
  callEcrApi(berth.url, operation, input, keys);
const when = (actions: readonly string[], Condition: object): Statement => ({
  ...allow(actions.map((action) => `ecr:${action}`)),
  Condition,
});
const arnOf = (name: string): string => `arn:aws:ecr:${REGION}:${ACCOUNT}:repository/${name}`;
const tagList = (tags: Readonly<Record<string, string>>) =>
  Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
const make = (repositoryName: string, tags: Readonly<Record<string, string>> = {}): Promise<string> =>
  succeeded(ecr("CreateRepository", { repositoryName, tags: tagList(tags) }));

describe("a policy that asks for the tags of a request", async () => {
  await make("asked/app", { team: "blue", temporary: "" });
  const resourceArn = arnOf("asked/app");
  const keys = await scene.makeUser("tagger", [
    when(["CreateRepository", "TagResource"], {
      StringEquals: { "aws:RequestTag/team": "blue" },
      "ForAllValues:StringEquals": { "aws:TagKeys": ["team", "stage"] },
    }),
    when(["UntagResource"], { "ForAllValues:StringEquals": { "aws:TagKeys": ["temporary"] } }),
  ]);

  test.each([
    [{ team: "blue" }, 200],
    [{ team: "blue", stage: "" }, 200],
    [{ team: "red" }, 400],
    [{ stage: "a" }, 400],
    [{ team: "blue", more: "a" }, 400],
  ])("lets %j be put, or not: %d", async (tags, status) => {
    const input = { resourceArn, tags: tagList(tags) };
    expect((await ecr("TagResource", input, keys)).status).toBe(status);
    const repositoryName = `asked/${JSON.stringify(tags).replaceAll(/\W+/g, "") || "none"}`;
    const made = await ecr("CreateRepository", { repositoryName, tags: tagList(tags) }, keys);
    expect(made.status).toBe(status);
  });

  test("lets keys go, or not", async () => {
    const untag = async (...tagKeys: string[]) =>
      (await ecr("UntagResource", { resourceArn, tagKeys }, keys)).status;
    expect([await untag("team"), await untag("temporary", "team"), await untag("temporary")]).toEqual([
      ...[400, 400, 200],
    ]);
    const { tags } = JSON.parse(await succeeded(ecr("ListTagsForResource", { resourceArn })));
    expect(tags).toContainEqual({ Key: "team", Value: "blue" });
    expect(tags).not.toContainEqual(expect.objectContaining({ Key: "temporary" }));
  });
});

test("a policy that asks for the tags that there are holds for tags too", async () => {
  await make("owned/mine", { owner: "anna" });
  await make("owned/theirs", { owner: "ben" });
  const actions = ["TagResource", "UntagResource", "ListTagsForResource", "PutImageTagMutability"];
  const keys = await scene.makeUser("anna", [
    when(actions, { StringEquals: { "ecr:ResourceTag/owner": "anna" } }),
  ]);
  const statuses = async (name: string): Promise<readonly number[]> => {
    const about = { resourceArn: arnOf(name) };
    const answers = [
      await ecr("ListTagsForResource", about, keys),
      await ecr("TagResource", { ...about, tags: tagList({ stage: "a" }) }, keys),
      await ecr("UntagResource", { ...about, tagKeys: ["stage"] }, keys),
      await ecr("PutImageTagMutability", { repositoryName: name, imageTagMutability: "IMMUTABLE" }, keys),
    ];
    return answers.map(({ status }) => status);
  };
  expect(await statuses("owned/mine")).toEqual([200, 200, 200, 200]);
  expect(await statuses("owned/theirs")).toEqual([400, 400, 400, 400]);
  expect(await statuses("owned/nowhere")).toEqual([400, 400, 400, 400]);
});

test("another account tags what its own policy and the repository's let it", async () => {
  await make("lent/app");
  await scene.makeAccount("999999999999");
  const guest = await scene.makeUser("guest", [allow(["ecr:*"])], "999999999999");
  const input = { resourceArn: arnOf("lent/app"), tags: tagList({ by: "guest" }) };
  expect((await ecr("TagResource", input, guest)).status).toBe(400);
  const policyText = JSON.stringify({
    Version: "2012-10-17",
    Statement: { Effect: "Allow", Principal: { AWS: "999999999999" }, Action: "ecr:TagResource" },
  });
  await succeeded(ecr("SetRepositoryPolicy", { repositoryName: "lent/app", policyText }));
  expect((await ecr("TagResource", input, guest)).status).toBe(200);
});
