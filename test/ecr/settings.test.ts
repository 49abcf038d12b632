import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { ACCOUNT, callJson, REGION } from "../http/aws/support/aws-server.ts";
import { OTHER, startEcrServer } from "./support/ecr-server.ts";

const server = await startEcrServer();
afterAll(() => server[Symbol.asyncDispose]());

const arnOf = (name: string): string => `arn:aws:ecr:${REGION}:${ACCOUNT}:repository/${name}`;
const filters = (...texts: string[]) => texts.map((filter) => ({ filterType: "WILDCARD", filter }));

beforeEach(async () => {
  await server.reset();
  await callJson(server, "CreateRepository", { repositoryName: "app" });
  server.asked.length = 0;
});

const call = (operation: string, input: object) =>
  callJson(server, operation, { repositoryName: "app", ...input });

async function described(): Promise<Readonly<Record<string, unknown>>> {
  const { body } = await callJson(server, "DescribeRepositories", { repositoryNames: ["app"] });
  return (body["repositories"] as Record<string, unknown>[])[0] ?? {};
}

async function refused(operation: string, input: object): Promise<readonly unknown[]> {
  const { status, body } = await call(operation, input);
  return [status, body["__type"], body["message"]];
}

describe("PutImageTagMutability", () => {
  test.each([
    { imageTagMutability: "IMMUTABLE" },
    {
      imageTagMutability: "IMMUTABLE_WITH_EXCLUSION",
      imageTagMutabilityExclusionFilters: filters("v*", "a*b"),
    },
    { imageTagMutability: "MUTABLE" },
    { imageTagMutability: "MUTABLE_WITH_EXCLUSION", imageTagMutabilityExclusionFilters: filters("z", "a") },
  ])("%j is answered and described, filters in their order", async (wanted) => {
    await call("PutImageTagMutability", {
      imageTagMutability: "IMMUTABLE_WITH_EXCLUSION",
      imageTagMutabilityExclusionFilters: filters("before"),
    });
    const { status, body } = await call("PutImageTagMutability", { registryId: ACCOUNT, ...wanted });
    expect([status, body]).toEqual([200, { registryId: ACCOUNT, repositoryName: "app", ...wanted }]);
    const { imageTagMutability, imageTagMutabilityExclusionFilters } = await described();
    expect({ imageTagMutability, imageTagMutabilityExclusionFilters }).toEqual({
      imageTagMutabilityExclusionFilters: undefined,
      ...wanted,
    });
  });

  test.each([
    [
      { imageTagMutability: "IMMUTABLE_WITH_EXCLUSION" },
      "Member must not be null when imageTagMutability is IMMUTABLE_WITH_EXCLUSION",
    ],
    [
      { imageTagMutability: "IMMUTABLE", imageTagMutabilityExclusionFilters: filters("a") },
      "Member must be null when imageTagMutability is IMMUTABLE",
    ],
    [
      {
        imageTagMutability: "MUTABLE_WITH_EXCLUSION",
        imageTagMutabilityExclusionFilters: filters(..."abcdef"),
      },
      "Member must have length less than or equal to 5",
    ],
  ])("refuses %j", async (wanted, rule) => {
    expect(await refused("PutImageTagMutability", wanted)).toEqual([
      400,
      "InvalidParameterException",
      `Invalid parameter at 'imageTagMutabilityExclusionFilters' failed to satisfy constraint: '${rule}'`,
    ]);
    expect(await described()).toMatchObject({ imageTagMutability: "MUTABLE" });
  });

  test("refuses another value", async () => {
    expect((await refused("PutImageTagMutability", { imageTagMutability: "SOMETIMES" }))[1]).toBe(
      "InvalidParameterException",
    );
  });
});

describe("PutImageScanningConfiguration", () => {
  test.each([
    [{ scanOnPush: true }, true],
    [{ scanOnPush: false }, false],
    [{}, false],
  ])("%j is kept and read back", async (imageScanningConfiguration, scanOnPush) => {
    await call("PutImageScanningConfiguration", { imageScanningConfiguration: { scanOnPush: !scanOnPush } });
    const { status, body } = await call("PutImageScanningConfiguration", { imageScanningConfiguration });
    expect([status, body]).toEqual([
      200,
      { registryId: ACCOUNT, repositoryName: "app", imageScanningConfiguration: { scanOnPush } },
    ]);
    expect(await described()).toMatchObject({ imageScanningConfiguration: { scanOnPush } });
  });

  test("needs its configuration", async () => {
    expect(await refused("PutImageScanningConfiguration", {})).toEqual([
      400,
      "InvalidParameterException",
      "Invalid parameter at 'imageScanningConfiguration' failed to satisfy constraint: 'Member must not be null'",
    ]);
  });
});

describe.each([
  ["PutImageTagMutability", { imageTagMutability: "IMMUTABLE" }],
  ["PutImageScanningConfiguration", { imageScanningConfiguration: { scanOnPush: true } }],
])("%s", (operation, input) => {
  test("changes one account's repository", async () => {
    await callJson(server, "CreateRepository", { repositoryName: "app", registryId: OTHER });
    const before = await described();
    expect((await call(operation, { registryId: OTHER, ...input })).body).toMatchObject({
      registryId: OTHER,
      ...input,
    });
    expect(await described()).toEqual(before);
  });

  test("of a repository that is missing", async () => {
    expect(await refused(operation, { ...input, repositoryName: "missing" })).toEqual([
      400,
      "RepositoryNotFoundException",
      `The repository with name 'missing' does not exist in the registry with id '${ACCOUNT}'`,
    ]);
  });

  test("a denial comes before existence", async () => {
    server.denied.set(`ecr:${operation}`, "denied");
    for (const repositoryName of ["app", "missing"]) {
      expect(await refused(operation, { ...input, repositoryName })).toEqual([
        ...[400, "AccessDeniedException", "denied"],
      ]);
    }
    expect(server.asked.map(({ resource }) => resource)).toEqual([arnOf("app"), arnOf("missing")]);
  });
});

describe("DescribeRegistry", () => {
  test("shows the caller's own, which replicates nothing", async () => {
    const { status, body } = await callJson(server, "DescribeRegistry", {});
    expect([status, body]).toEqual([200, { registryId: ACCOUNT, replicationConfiguration: { rules: [] } }]);
    expect(server.asked).toMatchObject([{ action: "ecr:DescribeRegistry", resource: "*" }]);
  });

  test("is denied", async () => {
    server.denied.set("ecr:DescribeRegistry", "denied");
    expect((await callJson(server, "DescribeRegistry", {})).body).toMatchObject({
      __type: "AccessDeniedException",
    });
  });
});
