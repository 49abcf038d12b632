import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { ACCOUNT, callJson, REGION } from "../http/aws/support/aws-server.ts";
import { OTHER, startEcrServer } from "./support/ecr-server.ts";

const server = await startEcrServer();
afterAll(() => server[Symbol.asyncDispose]());

const arnOf = (name: string, account = ACCOUNT, region = REGION): string =>
  `arn:aws:ecr:${region}:${account}:repository/${name}`;
const ARN = arnOf("app");

beforeEach(async () => {
  await server.reset();
  const tags = [{ Key: "team", Value: "blue" }];
  await callJson(server, "CreateRepository", { repositoryName: "app", tags });
  server.asked.length = 0;
});

const call = (operation: string, input: object) =>
  callJson(server, operation, { resourceArn: ARN, ...input });
const list = async (resourceArn = ARN) =>
  (await callJson(server, "ListTagsForResource", { resourceArn })).body["tags"];

async function refused(operation: string, input: object): Promise<readonly unknown[]> {
  const { status, body } = await call(operation, input);
  return [status, body["__type"], body["message"]];
}

/** Each operation with an input that it takes. */
const CALLS = [
  ["TagResource", { tags: [{ Key: "stage", Value: "a" }] }],
  ["UntagResource", { tagKeys: ["team"] }],
  ["ListTagsForResource", {}],
] as const;

describe("TagResource", () => {
  test("puts tags over those that there are, and answers nothing", async () => {
    const tags = [
      { Key: "team", Value: "red" },
      { Key: "empty", Value: "" },
    ];
    const { status, body } = await call("TagResource", { tags });
    expect([status, body]).toEqual([200, {}]);
    expect(await list()).toEqual([
      { Key: "empty", Value: "" },
      { Key: "team", Value: "red" },
    ]);
    expect((await call("TagResource", { tags: [] })).status).toBe(200);
  });

  test("asks with the tags of the request", async () => {
    await call("TagResource", { tags: [{ Key: "stage", Value: "a" }] });
    expect(server.asked).toMatchObject([
      {
        ...{ action: "ecr:TagResource", resource: ARN },
        conditions: { "aws:RequestTag/stage": ["a"], "aws:TagKeys": ["stage"] },
      },
    ]);
  });

  test("holds fifty", async () => {
    const tags = Array.from({ length: 50 }, (_, at) => ({ Key: `k${at}`, Value: "" }));
    expect(await refused("TagResource", { tags })).toEqual([
      ...[400, "TooManyTagsException", "A resource has at most 50 tags; 51 would be there"],
    ]);
    expect(await server.tagsOf("app")).toEqual({ team: "blue" });
    expect((await call("TagResource", { tags: tags.slice(1) })).status).toBe(200);
  });

  test.each([
    [{ Key: "aws:x", Value: "" }, "the key 'aws:x' begins with 'aws:', which is reserved"],
    [{ Key: "Team", Value: "" }, "the key 'Team' is there already as 'team'"],
  ])("refuses %j", async (tag, problem) => {
    expect(await refused("TagResource", { tags: [tag] })).toEqual([
      ...[400, "InvalidTagParameterException", `Invalid tag: ${problem}`],
    ]);
  });
});

describe("UntagResource", () => {
  test("takes tags away, by the exact key; one that is not there is no mistake", async () => {
    for (const tagKeys of [["TEAM", "absent"], []]) {
      expect((await call("UntagResource", { tagKeys })).body).toEqual({});
    }
    expect(await list()).toEqual([{ Key: "team", Value: "blue" }]);
    expect((await call("UntagResource", { tagKeys: ["team"] })).body).toEqual({});
    expect(await list()).toEqual([]);
  });

  test("asks with the keys of the request", async () => {
    await call("UntagResource", { tagKeys: ["a", "b"] });
    expect(server.asked).toMatchObject([
      { action: "ecr:UntagResource", resource: ARN, conditions: { "aws:TagKeys": ["a", "b"] } },
    ]);
  });

  test("refuses keys that no tag can have, and too many", async () => {
    expect((await refused("UntagResource", { tagKeys: ["aws:x"] }))[1]).toBe("InvalidTagParameterException");
    const tagKeys = Array.from({ length: 51 }, (_, at) => `k${at}`);
    expect((await refused("UntagResource", { tagKeys }))[1]).toBe("TooManyTagsException");
  });
});

test("tags are those of a repository in the region that is spoken to", async () => {
  const region = "us-west-2";
  const resourceArn = arnOf("west", ACCOUNT, region);
  await callJson(server, "CreateRepository", { repositoryName: "west" }, { region });
  const tags = [{ Key: "side", Value: "west" }];
  expect((await refused("TagResource", { resourceArn, tags }))[1]).toBe("RepositoryNotFoundException");
  expect((await callJson(server, "TagResource", { resourceArn, tags }, { region })).status).toBe(200);
  const { body } = await callJson(server, "ListTagsForResource", { resourceArn }, { region });
  expect(body).toEqual({ tags });
  for (const [operation, input] of CALLS) {
    expect((await refused(operation, { ...input, resourceArn }))[1]).toBe("RepositoryNotFoundException");
  }
});

test("tags are those of one account's repository", async () => {
  await callJson(server, "CreateRepository", { repositoryName: "app", registryId: OTHER });
  await call("TagResource", {
    resourceArn: arnOf("app", OTHER),
    tags: [{ Key: "theirs", Value: "" }],
  });
  expect(await list()).toEqual([{ Key: "team", Value: "blue" }]);
  expect(await list(arnOf("app", OTHER))).toEqual([{ Key: "theirs", Value: "" }]);
});

describe.each(CALLS)("%s", (operation, input) => {
  test.each([
    ...["", "app", "arn:aws:ecr", `arn:aws:ecr:${REGION}:${ACCOUNT}:repository`],
    ...[`arn:aws:ecr:${REGION}:${ACCOUNT}:registry/app`, arnOf("App"), arnOf("app/"), arnOf("*")],
    ...[ARN.replace(":ecr:", ":s3:"), ARN.replace("arn:aws:", "arn:other:"), arnOf("app", "12")],
    ...[arnOf("app", ACCOUNT, ""), arnOf("a".repeat(257)), "arn:".repeat(10_000)],
  ])("the ARN %j", async (resourceArn) => {
    expect(await refused(operation, { ...input, resourceArn })).toEqual([
      400,
      "InvalidParameterException",
      "Invalid parameter at 'resourceArn' failed to satisfy constraint: 'Invalid ARN'",
    ]);
    expect(server.asked).toEqual([]);
  });

  test.each([arnOf("missing"), arnOf("app", ACCOUNT, "us-west-2")])(
    "what is not there: %s",
    async (resourceArn) => {
      const name = resourceArn.slice(resourceArn.indexOf("/") + 1);
      expect(await refused(operation, { ...input, resourceArn })).toEqual([
        400,
        "RepositoryNotFoundException",
        `The repository with name '${name}' does not exist in the registry with id '${ACCOUNT}'`,
      ]);
      expect(server.asked).toMatchObject([{ resource: resourceArn }]);
    },
  );

  test("an account that does not exist", async () => {
    const resourceArn = arnOf("app", "000000000009");
    expect((await refused(operation, { ...input, resourceArn }))[1]).toBe("RepositoryNotFoundException");
  });

  test("a denial comes before existence", async () => {
    server.denied.set(`ecr:${operation}`, "denied");
    for (const resourceArn of [ARN, arnOf("missing")]) {
      expect(await refused(operation, { ...input, resourceArn })).toEqual([
        ...[400, "AccessDeniedException", "denied"],
      ]);
    }
  });
});
