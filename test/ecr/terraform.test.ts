import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { ACCOUNT, callJson, REGION } from "../http/aws/support/aws-server.ts";
import { startEcrServer } from "./support/ecr-server.ts";

const server = await startEcrServer();
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(() => server.reset());

type Output = Readonly<Record<string, unknown>>;

async function call(operation: string, input: object): Promise<Output> {
  const { status, body } = await callJson(server, operation, input);
  expect([status, body["__type"]], operation).toEqual([200, undefined]);
  return body;
}

const NAME = { repositoryName: "team/app" };
const AT = { ...NAME, registryId: ACCOUNT };
const ARN = { resourceArn: `arn:aws:ecr:${REGION}:${ACCOUNT}:repository/team/app` };

/** What the provider reads of a repository after each change, and in each plan. */
async function read(): Promise<Output> {
  const { repositories } = await call("DescribeRepositories", { repositoryNames: [NAME.repositoryName] });
  const { tags } = await call("ListTagsForResource", ARN);
  const [repository, ...more] = repositories as Output[];
  expect(more).toEqual([]);
  expect(repository).toMatchObject({ ...AT, repositoryArn: ARN.resourceArn });
  return { ...repository, tags };
}

/** Reads twice: a plan right after a change sees no other. */
async function settled(): Promise<Output> {
  const first = await read();
  expect(await read()).toEqual(first);
  return first;
}

describe.each([1, 2])("aws_ecr_repository, for the %d. time", () => {
  test("is made, read, changed in each argument, and destroyed", async () => {
    const { repository } = await call("CreateRepository", {
      ...{ ...NAME, imageTagMutability: "MUTABLE", encryptionConfiguration: { encryptionType: "KMS" } },
      imageScanningConfiguration: { scanOnPush: true },
      tags: [
        { Key: "team", Value: "blue" },
        { Key: "empty", Value: "" },
      ],
    });
    expect(repository).toMatchObject(NAME);
    const made = await settled();
    expect(made).toMatchObject({
      ...{ imageTagMutability: "MUTABLE", imageScanningConfiguration: { scanOnPush: true } },
      encryptionConfiguration: { encryptionType: "KMS", kmsKey: expect.stringContaining("arn:aws:kms:") },
      tags: [
        { Key: "empty", Value: "" },
        { Key: "team", Value: "blue" },
      ],
    });
    await call("UntagResource", { ...ARN, tagKeys: ["team"] });
    await call("TagResource", { ...ARN, tags: [{ Key: "Team", Value: "red" }] });
    const filters = ["v*", "latest"].map((filter) => ({ filterType: "WILDCARD", filter }));
    const mutability = {
      imageTagMutability: "IMMUTABLE_WITH_EXCLUSION",
      imageTagMutabilityExclusionFilters: filters,
    };
    await call("PutImageTagMutability", { ...AT, ...mutability });
    await call("PutImageScanningConfiguration", { ...AT, imageScanningConfiguration: {} });
    expect(await settled()).toEqual({
      ...{ ...made, ...mutability, imageScanningConfiguration: { scanOnPush: false } },
      tags: [
        { Key: "Team", Value: "red" },
        { Key: "empty", Value: "" },
      ],
    });
    await call("PutImageTagMutability", { ...AT, imageTagMutability: "IMMUTABLE" });
    expect(await settled()).not.toHaveProperty("imageTagMutabilityExclusionFilters");
    await call("DeleteRepository", { ...AT, force: false });
    for (const [operation, input] of [
      ["DescribeRepositories", { repositoryNames: [NAME.repositoryName] }],
      ["ListTagsForResource", ARN],
      ["DeleteRepository", { ...AT, force: false }],
    ] as const) {
      const { status, body } = await callJson(server, operation, input);
      expect([status, body["__type"]]).toEqual([400, "RepositoryNotFoundException"]);
    }
  });
});

test("aws_ecr_repository that holds images is destroyed by force alone", async () => {
  await call("CreateRepository", { ...NAME, imageTagMutability: "MUTABLE" });
  await server.fill(NAME.repositoryName);
  const { status, body } = await callJson(server, "DeleteRepository", { ...AT, force: false });
  expect([status, body["__type"]]).toEqual([400, "RepositoryNotEmptyException"]);
  await call("DeleteRepository", { ...AT, force: true });
});

test("aws_ecr_repository_policy is made, changed and destroyed, and gone without its repository", async () => {
  await call("CreateRepository", { ...NAME, imageTagMutability: "MUTABLE" });
  for (const Sid of ["one", "two"]) {
    const policyText = JSON.stringify({ Version: "2012-10-17", Statement: [{ Sid }] });
    expect(await call("SetRepositoryPolicy", { ...NAME, policyText })).toEqual({ ...AT, policyText });
    expect(await call("GetRepositoryPolicy", NAME)).toEqual({ ...AT, policyText });
  }
  await call("DeleteRepositoryPolicy", AT);
  const gone = async (): Promise<unknown> =>
    (await callJson(server, "GetRepositoryPolicy", NAME)).body["__type"];
  expect(await gone()).toBe("RepositoryPolicyNotFoundException");
  await call("DeleteRepository", { ...AT, force: false });
  expect(await gone()).toBe("RepositoryNotFoundException");
});

test.each([
  ["BASIC_SCAN_TYPE_VERSION", "CLAIR", "AWS_NATIVE"],
  ["REGISTRY_POLICY_SCOPE", "V1", "V2"],
  ["BLOB_MOUNTING", "DISABLED", "ENABLED"],
])("aws_ecr_account_setting %s is never gone, is put and put back", async (name, value, usual) => {
  expect(await call("GetAccountSetting", { name })).toEqual({ name, value: usual });
  for (const each of [value, usual]) {
    expect(await call("PutAccountSetting", { name, value: each })).toEqual({ name, value: each });
    expect(await call("GetAccountSetting", { name })).toEqual({ name, value: each });
  }
});
