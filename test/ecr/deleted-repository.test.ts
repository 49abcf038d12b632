import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { postgresImages } from "../../src/adapters/postgres/images/index.ts";
import type { EcrOperations } from "../../src/aws-models/ecr.types.ts";
import { parseRepositoryName } from "../../src/registry/names.ts";
import type { RegistryId, Scope } from "../../src/registry/scope.ts";
import { policyText, prefixes, rule } from "../lifecycle/builders.ts";
import { startTestBerth } from "../support/berth.ts";
import { blob, image, type Manifest } from "../support/manifests.ts";
import { configOf, createRepository, pushImage, pushManifest } from "../support/push.ts";
import { rowsOf } from "../support/rows.ts";
import { ecrApi } from "./support/api.ts";

// What was in a deleted repository stays in the database until it is purged, which is not done here.
vi.mock("../../src/composition/collector.ts", async (original) => ({
  ...(await original<object>()),
  startCollector: () => ({ stop: async () => undefined }),
}));

const berth = await startTestBerth();
afterAll(() => berth.stop());
const api = ecrApi(berth);

const repositoryName = "deleted/app";
const resourceArn = `arn:aws:ecr:us-east-1:000000000000:repository/${repositoryName}`;
const lifecyclePolicyText = policyText(rule(1, prefixes("v")));
const REPOSITORY_POLICY = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Principal: "*", Action: "ecr:BatchGetImage" }],
});
const tags = [{ Key: "team", Value: "red" }];
let pushed: Manifest;
let referrer: Manifest;

beforeAll(async () => {
  await createRepository(berth, repositoryName);
  pushed = await pushImage(berth, repositoryName, "v1", "deleted");
  referrer = await pushManifest(
    berth,
    repositoryName,
    image(blob(configOf("deleted")), [], {
      subject: { mediaType: pushed.mediaType, digest: pushed.digest, size: pushed.bytes.length },
    }),
  );
  await api.ask("TagResource", { resourceArn, tags });
  await api.ask("PutLifecyclePolicy", { repositoryName, lifecyclePolicyText });
  await api.ask("StartLifecyclePolicyPreview", { repositoryName });
  await api.ask("DeleteRepository", { repositoryName, force: true });
});

/** What each operation is asked of the repository. */
const ASKED = (): readonly (readonly [keyof EcrOperations, object])[] => {
  const imageIds = [{ imageDigest: pushed.digest }];
  return [
    ["DescribeRepositories", { repositoryNames: [repositoryName] }],
    ["DescribeImages", { repositoryName }],
    ["DescribeImages", { repositoryName, imageIds }],
    ["DescribeImages", { repositoryName, filter: { tagStatus: "TAGGED" } }],
    ["ListImages", { repositoryName }],
    ["ListImages", { repositoryName, filter: { tagStatus: "UNTAGGED" } }],
    ["ListImages", { repositoryName, filter: { tagStatus: "TAGGED" } }],
    ["ListImageReferrers", { repositoryName, subjectId: { imageDigest: pushed.digest } }],
    ["BatchGetImage", { repositoryName, imageIds }],
    ["BatchDeleteImage", { repositoryName, imageIds }],
    ["BatchCheckLayerAvailability", { repositoryName, layerDigests: [blob(configOf("deleted")).digest] }],
    ["GetDownloadUrlForLayer", { repositoryName, layerDigest: blob(configOf("deleted")).digest }],
    ["InitiateLayerUpload", { repositoryName }],
    ["PutImage", { repositoryName, imageManifest: pushed.bytes.toString() }],
    ["GetRepositoryPolicy", { repositoryName }],
    ["SetRepositoryPolicy", { repositoryName, policyText: REPOSITORY_POLICY }],
    ["DeleteRepositoryPolicy", { repositoryName }],
    ["GetLifecyclePolicy", { repositoryName }],
    ["PutLifecyclePolicy", { repositoryName, lifecyclePolicyText }],
    ["DeleteLifecyclePolicy", { repositoryName }],
    ["StartLifecyclePolicyPreview", { repositoryName }],
    ["StartLifecyclePolicyPreview", { repositoryName, lifecyclePolicyText }],
    ["GetLifecyclePolicyPreview", { repositoryName }],
    ["PutImageTagMutability", { repositoryName, imageTagMutability: "IMMUTABLE" }],
    ["ListTagsForResource", { resourceArn }],
    ["TagResource", { resourceArn, tags }],
    ["UntagResource", { resourceArn, tagKeys: ["team"] }],
    ["DeleteRepository", { repositoryName, force: true }],
  ];
};

test("nothing is found by any operation of the ECR API in a repository that was deleted", async () => {
  expect(await rowsOf(berth, "SELECT 1 FROM manifests")).toHaveLength(2);
  const answers = await Promise.all(
    ASKED().map(async ([operation, input]) => [operation, (await api.refused(operation, input))[0]]),
  );
  expect(answers).toEqual(ASKED().map(([operation]) => [operation, "RepositoryNotFoundException"]));
});

test("between two looks at its images it is found gone by the second", async () => {
  const rows = await rowsOf<{ id: number; registry: RegistryId }>(
    berth,
    "SELECT m.id, r.registry_id AS registry FROM manifests m JOIN repositories r ON r.id = m.repository_id",
  );
  const scope = { id: rows[0]?.registry ?? 0, account: "000000000000", region: "us-east-1" } as Scope;
  const ids = rows.map(({ id }) => id);
  const name = parseRepositoryName(repositoryName);
  expect(await postgresImages(berth.database).details(scope, name, ids, 10)).toBeUndefined();
});

describe("one that is made again under its name", () => {
  beforeAll(() => createRepository(berth, repositoryName));

  test("has nothing of it by the ECR API", async () => {
    const imageIds = [{ imageDigest: pushed.digest }, { imageTag: "v1" }];
    const layerDigests = [blob(configOf("deleted")).digest];
    expect((await api.ask("DescribeImages", { repositoryName }))["imageDetails"]).toEqual([]);
    expect((await api.ask("ListImages", { repositoryName }))["imageIds"]).toEqual([]);
    for (const tagStatus of ["TAGGED", "UNTAGGED"])
      expect((await api.ask("ListImages", { repositoryName, filter: { tagStatus } }))["imageIds"]).toEqual(
        [],
      );
    expect((await api.ask("BatchGetImage", { repositoryName, imageIds }))["images"]).toEqual([]);
    expect((await api.ask("BatchDeleteImage", { repositoryName, imageIds }))["imageIds"]).toEqual([]);
    expect(await api.ask("BatchCheckLayerAvailability", { repositoryName, layerDigests })).toMatchObject({
      layers: [{ layerAvailability: "UNAVAILABLE" }],
    });
    expect((await api.ask("ListTagsForResource", { resourceArn }))["tags"]).toEqual([]);
    for (const [operation, exception] of [
      ["GetLifecyclePolicy", "LifecyclePolicyNotFoundException"],
      ["GetLifecyclePolicyPreview", "LifecyclePolicyPreviewNotFoundException"],
      ["GetRepositoryPolicy", "RepositoryPolicyNotFoundException"],
    ] as const)
      expect((await api.refused(operation, { repositoryName }))[0]).toBe(exception);
  });

  test.each([
    ["its manifest", () => `manifests/${pushed.digest}`],
    ["its tag", () => "manifests/v1"],
    ["its referrer", () => `manifests/${referrer.digest}`],
    ["its config", () => `blobs/${blob(configOf("deleted")).digest}`],
  ])("has not %s by the registry's door", async (_, path) => {
    for (const method of ["HEAD", "GET"])
      expect((await berth.fetch(`/v2/${repositoryName}/${path()}`, { method })).status).toBe(404);
  });

  test("lists no tags and no referrers", async () => {
    const ask = async (path: string) => (await berth.fetch(`/v2/${repositoryName}/${path}`)).json();
    expect(await ask("tags/list")).toMatchObject({ tags: [] });
    expect(await ask(`referrers/${pushed.digest}`)).toMatchObject({ manifests: [] });
  });
});
