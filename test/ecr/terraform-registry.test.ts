import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { EcrOperations } from "../../src/aws-models/ecr.types.ts";
import { makeTestHome, startTestBerth } from "../support/berth.ts";
import { createRepository, pushImage } from "../support/push.ts";
import { ecrApi } from "./support/api.ts";

/** What Terraform's resources and data sources call, in their order, for what a registry has beside its repositories. */
const home = await makeTestHome();
const berth = await startTestBerth({ home });
afterAll(async () => {
  await berth.stop();
  await home.remove();
});

const ecr = ecrApi(berth);
const ACCOUNT = "000000000000";
const ROOT = `arn:aws:iam::${ACCOUNT}:root`;
const NAME = { repositoryName: "team/app" };

const policy = (Sid: string, Resource?: string): string =>
  JSON.stringify({
    Statement: [{ Action: ["ecr:ReplicateImage"], Effect: "Allow", Principal: { AWS: ROOT }, Resource, Sid }],
    Version: "2012-10-17",
  });

const lifecycle = (countNumber: number): string =>
  JSON.stringify({
    rules: [
      {
        ...{ action: { type: "expire" }, description: "old ones", rulePriority: 1 },
        selection: { countNumber, countType: "sinceImagePushed", countUnit: "days", tagStatus: "untagged" },
      },
    ],
  });

async function gone(operation: keyof EcrOperations, input: object, code: string): Promise<void> {
  expect((await ecr.refused(operation, input))[0]).toBe(code);
}

/** The members of each page of one. */
async function pages(operation: keyof EcrOperations, member: string, input: object = {}): Promise<unknown[]> {
  const found: unknown[] = [];
  let nextToken: string | undefined;
  do {
    const page = await ecr.ask(operation, { ...input, maxResults: 1, nextToken });
    found.push(page[member]);
    nextToken = page["nextToken"] as string | undefined;
  } while (nextToken !== undefined);
  return found;
}

describe.each(["first", "second"])("for the %s time, made, changed in each argument and destroyed", () => {
  test("aws_ecr_lifecycle_policy, whose change is a replacement", async () => {
    await ecr.ask("CreateRepository", { ...NAME, imageTagMutability: "MUTABLE" });
    for (const days of [14, 7]) {
      const lifecyclePolicyText = lifecycle(days);
      await ecr.ask("PutLifecyclePolicy", { ...NAME, lifecyclePolicyText });
      const read = () => ecr.ask("GetLifecyclePolicy", NAME);
      expect(await read()).toMatchObject({ ...NAME, registryId: ACCOUNT, lifecyclePolicyText });
      expect(await read()).toMatchObject({ lifecyclePolicyText });
      await ecr.ask("DeleteLifecyclePolicy", NAME);
      await gone("GetLifecyclePolicy", NAME, "LifecyclePolicyNotFoundException");
    }
    await ecr.ask("DeleteRepository", { ...NAME, registryId: ACCOUNT });
    for (const operation of ["GetLifecyclePolicy", "DeleteLifecyclePolicy"] as const) {
      await gone(operation, NAME, "RepositoryNotFoundException");
    }
  });

  test("aws_ecr_registry_policy", async () => {
    for (const sid of ["one", "two"]) {
      const policyText = policy(sid, `arn:aws:ecr:us-east-1:${ACCOUNT}:repository/*`);
      const put = await ecr.ask("PutRegistryPolicy", { policyText });
      expect(put).toEqual({ registryId: ACCOUNT, policyText });
      expect(await ecr.ask("GetRegistryPolicy", {})).toEqual(put);
    }
    await ecr.ask("DeleteRegistryPolicy", {});
    await gone("GetRegistryPolicy", {}, "RegistryPolicyNotFoundException");
  });

  test.each(["made", "ROOT"])("aws_ecr_repository_creation_template %s", async (prefix) => {
    const read = async (): Promise<unknown> => {
      const answer = await ecr.ask("DescribeRepositoryCreationTemplates", { prefixes: [prefix] });
      expect(answer).toMatchObject({ registryId: ACCOUNT, repositoryCreationTemplates: [{ prefix }] });
      return (answer["repositoryCreationTemplates"] as unknown[])[0];
    };
    const change = (members: object) => ecr.ask("UpdateRepositoryCreationTemplate", { prefix, ...members });
    const filters = ["v*", "latest"].map((filter) => ({ filter, filterType: "WILDCARD" }));
    const texts = { lifecyclePolicy: lifecycle(14), repositoryPolicy: policy("one") };
    const given = {
      ...{
        prefix,
        appliedFor: ["PULL_THROUGH_CACHE", "REPLICATION"],
        imageTagMutability: "MUTABLE",
        ...texts,
      },
      ...{ description: "of pushes", customRoleArn: `arn:aws:iam::${ACCOUNT}:role/maker` },
      ...{ encryptionConfiguration: { encryptionType: "AES256" }, resourceTags: [{ Key: "a", Value: "" }] },
    };
    await ecr.ask("CreateRepositoryCreationTemplate", given);
    expect(await read()).toMatchObject(given);
    await change({ appliedFor: ["REPLICATION"] });
    await change({
      imageTagMutability: "IMMUTABLE_WITH_EXCLUSION",
      imageTagMutabilityExclusionFilters: filters,
    });
    await change({ resourceTags: [{ Key: "b", Value: "c" }] });
    expect(await read()).toMatchObject({
      ...{ ...given, appliedFor: ["REPLICATION"], imageTagMutability: "IMMUTABLE_WITH_EXCLUSION" },
      ...{ imageTagMutabilityExclusionFilters: filters, resourceTags: [{ Key: "b", Value: "c" }] },
    });
    await change({ imageTagMutability: "IMMUTABLE" });
    expect(await read()).not.toHaveProperty("imageTagMutabilityExclusionFilters");
    // An argument that is taken away is sent as an empty text, and must not come back as one.
    await change({ lifecyclePolicy: "", repositoryPolicy: "", description: "", customRoleArn: "" });
    const left = await read();
    for (const member of ["lifecyclePolicy", "repositoryPolicy", "description", "customRoleArn"]) {
      expect(left).not.toHaveProperty(member);
    }
    await ecr.ask("DeleteRepositoryCreationTemplate", { prefix });
    await gone("DeleteRepositoryCreationTemplate", { prefix }, "TemplateNotFoundException");
    expect(await ecr.ask("DescribeRepositoryCreationTemplates", { prefixes: [prefix] })).toMatchObject({
      repositoryCreationTemplates: [],
    });
  });

  test("aws_ecr_pull_time_update_exclusion, found on whatever page it is", async () => {
    const arns = ["a", "b", "c"].map((name) => `arn:aws:iam::${ACCOUNT}:role/scanner-${name}`);
    for (const principalArn of arns) {
      expect(await ecr.ask("RegisterPullTimeUpdateExclusion", { principalArn })).toMatchObject({
        principalArn,
      });
    }
    const found = await pages("ListPullTimeUpdateExclusions", "pullTimeUpdateExclusions");
    expect(found).toEqual(arns.map((arn) => [arn]));
    for (const principalArn of arns) await ecr.ask("DeregisterPullTimeUpdateExclusion", { principalArn });
    expect(await ecr.ask("ListPullTimeUpdateExclusions", {})).toEqual({ pullTimeUpdateExclusions: [] });
    await gone("DeregisterPullTimeUpdateExclusion", { principalArn: arns[0] }, "ExclusionNotFoundException");
  });
});

describe("the data source", () => {
  const at = { repositoryName: "data/app" };
  const digests: string[] = [];
  beforeAll(async () => {
    await createRepository(berth, at.repositoryName);
    for (const label of ["one", "two", "three"]) {
      digests.push((await pushImage(berth, at.repositoryName, label, label)).digest);
    }
  });

  test("aws_ecr_image finds one by tag, by digest, and the youngest", async () => {
    for (const imageIds of [[{ imageTag: "three" }], [{ imageDigest: digests[2] }]]) {
      const { imageDetails } = await ecr.ask("DescribeImages", { ...at, imageIds });
      expect(imageDetails).toEqual([
        expect.objectContaining({
          ...{ ...at, registryId: ACCOUNT, imageDigest: digests[2], imageTags: ["three"] },
          ...{ imagePushedAt: expect.any(Number), imageSizeInBytes: expect.any(Number) },
        }),
      ]);
    }
    const all = (await pages("DescribeImages", "imageDetails", at)).flat() as {
      imageDigest: string;
      imagePushedAt: number;
    }[];
    const youngest = all.reduce((a, b) => (b.imagePushedAt > a.imagePushedAt ? b : a));
    expect([all.length, youngest.imageDigest]).toEqual([3, digests[2]]);
    await ecr.ask("DescribeRepositories", { registryId: ACCOUNT, repositoryNames: [at.repositoryName] });
    await gone("DescribeImages", { ...at, imageIds: [{ imageTag: "four" }] }, "ImageNotFoundException");
  });

  test("aws_ecr_images lists each tag once, over all pages", async () => {
    const found = (await pages("ListImages", "imageIds", { ...at, registryId: ACCOUNT })).flat();
    expect(found).toHaveLength(3);
    expect(found).toContainEqual({ imageDigest: digests[0], imageTag: "one" });
  });

  test("aws_ecr_repository fails at once where there is none; aws_ecr_repositories lists all pages", async () => {
    await gone("DescribeRepositories", { repositoryNames: ["data/none"] }, "RepositoryNotFoundException");
    const found = (await pages("DescribeRepositories", "repositories")).flat() as {
      repositoryName: string;
    }[];
    expect(found.map(({ repositoryName }) => repositoryName)).toEqual([at.repositoryName]);
  });
});
