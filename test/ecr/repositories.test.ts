import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { ACCOUNT, callJson, REGION } from "../http/aws/support/aws-server.ts";
import { OTHER, QUOTA, startEcrServer } from "./support/ecr-server.ts";

const server = await startEcrServer();
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(async () => {
  await server.reset();
});

const arn = (name: string, account = ACCOUNT): string =>
  `arn:aws:ecr:${REGION}:${account}:repository/${name}`;
const create = (repositoryName: string, more = {}): ReturnType<typeof callJson> =>
  callJson(server, "CreateRepository", { repositoryName, ...more });

async function refused(operation: string, input: unknown): Promise<readonly [unknown, unknown]> {
  const { status, body } = await callJson(server, operation, input);
  expect(status).toBe(400);
  return [body["__type"], body["message"]];
}

const invalid = (field: string, rule: string): readonly [string, string] => [
  "InvalidParameterException",
  `Invalid parameter at '${field}' failed to satisfy constraint: '${rule}'`,
];

describe("CreateRepository", () => {
  test("answers with every setting at its default", async () => {
    const { status, body } = await create("team/app");
    expect([status, body]).toEqual([
      200,
      {
        repository: {
          repositoryArn: arn("team/app"),
          registryId: ACCOUNT,
          repositoryName: "team/app",
          repositoryUri: `${ACCOUNT}.dkr.ecr.${REGION}.berth.test:5000/team/app`,
          createdAt: server.clock.now().getTime() / 1000,
          imageTagMutability: "MUTABLE",
          imageScanningConfiguration: { scanOnPush: false },
          encryptionConfiguration: { encryptionType: "AES256" },
        },
      },
    ]);
  });

  test("keeps what it was given", async () => {
    const filters = [{ filterType: "WILDCARD", filter: "dev-*" }];
    const { body } = await create("app", {
      imageTagMutability: "IMMUTABLE_WITH_EXCLUSION",
      imageTagMutabilityExclusionFilters: filters,
      imageScanningConfiguration: { scanOnPush: true },
      encryptionConfiguration: { encryptionType: "KMS", kmsKey: "alias/mine" },
      tags: [{ Key: "team", Value: "a b" }],
    });
    expect(body["repository"]).toMatchObject({
      imageTagMutability: "IMMUTABLE_WITH_EXCLUSION",
      imageTagMutabilityExclusionFilters: filters,
      imageScanningConfiguration: { scanOnPush: true },
      encryptionConfiguration: { encryptionType: "KMS", kmsKey: "alias/mine" },
    });
    expect(body["repository"]).not.toHaveProperty("tags");
    expect(await server.tagsOf("app")).toEqual({ team: "a b" });
  });

  test("asks for its action on the ARN of the request, with the tags; and for tagging", async () => {
    await create("app", { registryId: OTHER, tags: [{ Key: "team", Value: "a" }] });
    const conditions = { "aws:RequestTag/team": ["a"], "aws:TagKeys": ["team"] };
    const resource = arn("app", OTHER);
    expect(server.asked.map(({ context: _, ...asked }) => asked)).toEqual([
      { action: "ecr:CreateRepository", resource, conditions },
      { action: "ecr:TagResource", resource, conditions },
    ]);
    expect(server.asked[0]?.context).toMatchObject({ sourceIp: "127.0.0.1", secureTransport: false });
  });

  test("whoever may not create does not learn that it exists", async () => {
    await create("app");
    server.denied.set("ecr:CreateRepository", "denied");
    expect(await refused("CreateRepository", { repositoryName: "app" })).toEqual([
      "AccessDeniedException",
      "denied",
    ]);
  });

  test("whoever may not tag creates nothing", async () => {
    server.denied.set("ecr:TagResource", "denied");
    const input = { repositoryName: "app", tags: [{ Key: "a", Value: "b" }] };
    expect(await refused("CreateRepository", input)).toEqual(["AccessDeniedException", "denied"]);
    expect(await server.tagsOf("app")).toBeUndefined();
  });

  test("a name that is taken", async () => {
    await create("app");
    expect(await refused("CreateRepository", { repositoryName: "app" })).toEqual([
      "RepositoryAlreadyExistsException",
      `The repository with name 'app' already exists in the registry with id '${ACCOUNT}'`,
    ]);
  });

  test.each(["a", "UPPER", "a..b", "a___b", "-a", "a/", "a//b", "a".repeat(257)])(
    "the name %j",
    async (name) => {
      const [code, message] = await refused("CreateRepository", { repositoryName: name });
      expect(code).toBe("InvalidParameterException");
      expect(message).toMatch(/^Invalid parameter at 'repositoryName' failed to satisfy constraint: '/);
    },
  );

  test.each(["a--b", "0/1", "a_b.c-d__e"])("the name %j is fine", async (name) => {
    expect((await create(name)).status).toBe(200);
  });

  test.each([
    [
      { imageTagMutability: "IMMUTABLE_WITH_EXCLUSION" },
      "Member must not be null when imageTagMutability is IMMUTABLE_WITH_EXCLUSION",
    ],
    [
      { imageTagMutabilityExclusionFilters: [{ filterType: "WILDCARD", filter: "a" }] },
      "Member must be null when imageTagMutability is MUTABLE",
    ],
    [
      { imageTagMutability: "MUTABLE_WITH_EXCLUSION", imageTagMutabilityExclusionFilters: [] },
      "Member must have length greater than or equal to 1",
    ],
  ])("%j", async (settings, rule) => {
    expect(await refused("CreateRepository", { repositoryName: "app", ...settings })).toEqual(
      invalid("imageTagMutabilityExclusionFilters", rule),
    );
  });

  test("a key for the encryption that takes none", async () => {
    const encryptionConfiguration = { encryptionType: "AES256", kmsKey: "k" };
    expect(await refused("CreateRepository", { repositoryName: "app", encryptionConfiguration })).toEqual(
      invalid("encryptionConfiguration", "kmsKey must be null when encryptionType is AES256"),
    );
  });

  test.each([
    { encryptionType: "KMS", kmsKey: "no key!" },
    { encryptionType: "KMS_DSSE", kmsKey: "arn:aws:s3:eu-north-1:123456789012:key/mine" },
  ])("%j names no key", async (encryptionConfiguration) => {
    const { status, body } = await create("app", { encryptionConfiguration });
    expect([status, body]).toEqual([
      400,
      {
        ...{ __type: "KmsException", kmsError: "NotFoundException" },
        message: `a KMS key is named by its id, its alias or the ARN of one of them, not "${encryptionConfiguration.kmsKey}"`,
      },
    ]);
    expect(await server.tagsOf("app")).toBeUndefined();
  });

  test.each([
    "1234abcd-12ab-34cd-56ef-1234567890ab",
    "alias/team/mine",
    "arn:aws:kms:eu-north-1:123456789012:key/mrk-1234abcd12ab34cd56ef1234567890ab",
    "arn:aws-us-gov:kms:us-gov-west-1:123456789012:alias/mine",
  ])("the key %s is given back as it is", async (kmsKey) => {
    const encryptionConfiguration = { encryptionType: "KMS", kmsKey };
    const { body } = await create("app", { encryptionConfiguration });
    expect(body["repository"]).toMatchObject({ encryptionConfiguration });
  });

  test("a KMS encryption without a key has the default one of the registry, always the same", async () => {
    const keyOf = async (repositoryName: string, more: object): Promise<unknown> => {
      const { body } = await create(repositoryName, more);
      return (body as { repository: { encryptionConfiguration: { kmsKey: unknown } } }).repository
        .encryptionConfiguration.kmsKey;
    };
    const kms = { encryptionConfiguration: { encryptionType: "KMS" } };
    const key = await keyOf("app", kms);
    expect(key).toMatch(
      new RegExp(`^arn:aws:kms:${REGION}:${ACCOUNT}:key/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`),
    );
    expect(await keyOf("other", { encryptionConfiguration: { encryptionType: "KMS_DSSE" } })).toBe(key);
    expect(await keyOf("app", { ...kms, registryId: OTHER })).not.toBe(key);
    const { body } = await callJson(server, "DescribeRepositories", { repositoryNames: ["app"] });
    expect(body["repositories"]).toMatchObject([
      { encryptionConfiguration: { encryptionType: "KMS", kmsKey: key } },
    ]);
  });

  test("one more than the registry may have", async () => {
    for (let at = 0; at < QUOTA; at++) await create(`r${at}`);
    expect(await refused("CreateRepository", { repositoryName: "app" })).toEqual([
      "LimitExceededException",
      `The registry with id '${ACCOUNT}' already has the maximum number of ${QUOTA} repositories`,
    ]);
    expect((await refused("CreateRepository", { repositoryName: "r1" }))[0]).toBe(
      "RepositoryAlreadyExistsException",
    );
  });

  test("more than fifty tags", async () => {
    const tags = Array.from({ length: 51 }, (_, at) => ({ Key: `k${at}`, Value: "" }));
    expect(await refused("CreateRepository", { repositoryName: "app", tags })).toEqual([
      "TooManyTagsException",
      "A resource has at most 50 tags; 51 were given",
    ]);
  });

  test.each([
    [[{ Key: "", Value: "v" }], "the key '' must have 1 to 128 characters"],
    [[{ Key: "k".repeat(129), Value: "v" }], `the key '${"k".repeat(128)}' must have 1 to 128 characters`],
    [[{ Key: "k", Value: "v".repeat(257) }], "the key 'k' has a value of more than 256 characters"],
    [[{ Key: "AWS:k", Value: "v" }], "the key 'AWS:k' begins with 'aws:', which is reserved"],
    [
      [{ Key: "k", Value: "<" }],
      "the key 'k' or its value holds other characters than letters, digits, spaces and + - = . _ : / @",
    ],
    [
      [
        { Key: "k", Value: "1" },
        { Key: "k", Value: "2" },
      ],
      "the key 'k' is given twice",
    ],
  ])("the tags %j", async (tags, problem) => {
    expect(await refused("CreateRepository", { repositoryName: "app", tags })).toEqual([
      "InvalidTagParameterException",
      `Invalid tag: ${problem}`,
    ]);
  });
});

describe("DescribeRepositories", () => {
  const names = (body: Record<string, unknown>): readonly string[] =>
    (body["repositories"] as { repositoryName: string }[]).map(({ repositoryName }) => repositoryName);

  test("none", async () => {
    expect((await callJson(server, "DescribeRepositories", {})).body).toEqual({ repositories: [] });
  });

  test("pages in the order of their names, without a token on the last one", async () => {
    for (const name of ["bb", "aa", "cc"]) await create(name);
    const first = await callJson(server, "DescribeRepositories", { maxResults: 2 });
    expect(names(first.body)).toEqual(["aa", "bb"]);
    const { nextToken } = first.body;
    const second = await callJson(server, "DescribeRepositories", { maxResults: 2, nextToken });
    expect(names(second.body)).toEqual(["cc"]);
    expect(second.body).not.toHaveProperty("nextToken");
  });

  test("a full last page has no token either", async () => {
    for (const name of ["aa", "bb"]) await create(name);
    const { body } = await callJson(server, "DescribeRepositories", { maxResults: 2 });
    expect(names(body)).toEqual(["aa", "bb"]);
    expect(body).not.toHaveProperty("nextToken");
  });

  test("a hundred a page, unless told otherwise", async () => {
    for (let at = 0; at < 101; at++) await create(`r${1000 + at}`);
    const { body } = await callJson(server, "DescribeRepositories", {});
    expect(names(body)).toHaveLength(100);
    expect(body).toHaveProperty("nextToken");
  });

  test.each([0, 1001])("%d a page", async (maxResults) => {
    const word = maxResults === 0 ? "greater than or equal to 1" : "less than or equal to 1000";
    expect(await refused("DescribeRepositories", { maxResults })).toEqual(
      invalid("maxResults", `Member must have value ${word}`),
    );
  });

  test("a token that is garbage, or another registry's", async () => {
    for (const name of ["aa", "bb"]) await create(name);
    const { body } = await callJson(server, "DescribeRepositories", { maxResults: 1 });
    const rule = "Member must be a token of this very operation";
    for (const input of [{ nextToken: "garbage" }, { registryId: OTHER, nextToken: body["nextToken"] }]) {
      expect(await refused("DescribeRepositories", input)).toEqual(invalid("nextToken", rule));
    }
  });

  test("by name, each once, in the order of the request", async () => {
    for (const name of ["aa", "bb"]) await create(name);
    server.asked.length = 0;
    const { body } = await callJson(server, "DescribeRepositories", { repositoryNames: ["bb", "aa", "bb"] });
    expect(names(body)).toEqual(["bb", "aa"]);
    expect(server.asked.map(({ resource }) => resource)).toEqual([arn("bb"), arn("aa")]);
  });

  test("one that is missing fails the call", async () => {
    await create("aa");
    expect(await refused("DescribeRepositories", { repositoryNames: ["aa", "zz"] })).toEqual([
      "RepositoryNotFoundException",
      `The repository with name 'zz' does not exist in the registry with id '${ACCOUNT}'`,
    ]);
  });

  test.each([{ maxResults: 5 }, { nextToken: "x" }])("names and %j exclude each other", async (paging) => {
    const [member = ""] = Object.keys(paging);
    expect(await refused("DescribeRepositories", { repositoryNames: ["aa"], ...paging })).toEqual(
      invalid(member, "Member must be null when 'repositoryNames' is given"),
    );
  });

  test("all of them is one action on repository/*", async () => {
    server.denied.set("ecr:DescribeRepositories", "denied");
    expect(await refused("DescribeRepositories", {})).toEqual(["AccessDeniedException", "denied"]);
    expect(server.asked[0]).toMatchObject({ action: "ecr:DescribeRepositories", resource: arn("*") });
  });

  test("whoever may not describe does not learn what is missing", async () => {
    server.denied.set("ecr:DescribeRepositories", "denied");
    expect(await refused("DescribeRepositories", { repositoryNames: ["zz"] })).toEqual([
      "AccessDeniedException",
      "denied",
    ]);
  });
});

describe("DeleteRepository", () => {
  test("answers with the repository as it was, and it is gone", async () => {
    await create("app");
    const { body } = await callJson(server, "DeleteRepository", { repositoryName: "app" });
    expect(body["repository"]).toMatchObject({
      repositoryArn: arn("app"),
      encryptionConfiguration: { encryptionType: "AES256" },
    });
    expect((await refused("DeleteRepository", { repositoryName: "app" }))[0]).toBe(
      "RepositoryNotFoundException",
    );
  });

  test("one that holds images stays, unless forced", async () => {
    await create("app");
    await server.fill("app");
    expect(await refused("DeleteRepository", { repositoryName: "app" })).toEqual([
      "RepositoryNotEmptyException",
      `The repository with name 'app' in registry with id '${ACCOUNT}' cannot be deleted because it still contains images`,
    ]);
    expect((await callJson(server, "DeleteRepository", { repositoryName: "app", force: true })).status).toBe(
      200,
    );
  });

  test("one that is missing", async () => {
    expect(await refused("DeleteRepository", { repositoryName: "app", registryId: OTHER })).toEqual([
      "RepositoryNotFoundException",
      `The repository with name 'app' does not exist in the registry with id '${OTHER}'`,
    ]);
  });

  test("a denial comes before existence", async () => {
    server.denied.set("ecr:DeleteRepository", "denied");
    expect(await refused("DeleteRepository", { repositoryName: "app" })).toEqual([
      "AccessDeniedException",
      "denied",
    ]);
    expect(server.asked[0]).toMatchObject({ action: "ecr:DeleteRepository", resource: arn("app") });
  });
});
