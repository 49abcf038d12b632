import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { basic, makeTestHome, startTestBerth } from "../support/berth.ts";
import { exchange } from "../support/exchange.ts";
import { createRepository, pushImage } from "../support/push.ts";
import { ecrApi } from "./support/api.ts";

/** What tools around AWS call, in their order. */
const home = await makeTestHome();
const berth = await startTestBerth({ home });
afterAll(async () => {
  await berth.stop();
  await home.remove();
});

const ecr = ecrApi(berth);
const ACCOUNT = "000000000000";

describe("CDK", () => {
  const it = { repositoryName: `cdk-hnb659fds-container-assets-${ACCOUNT}-us-east-1` };
  const image = { ...it, imageIds: [{ imageTag: "asset" }] };
  const lifecyclePolicyText = JSON.stringify({
    rules: [
      {
        ...{
          rulePriority: 1,
          description: "Untagged images should not exist, but expire any older than a year",
        },
        selection: {
          ...{ tagStatus: "untagged", countType: "sinceImagePushed", countUnit: "days", countNumber: 365 },
        },
        action: { type: "expire" },
      },
    ],
  });
  const policyText = JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      {
        ...{ Sid: "LambdaECRImageRetrievalPolicy", Effect: "Allow" },
        ...{ Principal: { Service: "lambda.amazonaws.com" } },
        Action: ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
        Condition: {
          StringLike: { "aws:sourceArn": `arn:aws:lambda:us-east-1:${ACCOUNT}:function:*` },
        },
      },
    ],
  });

  test("bootstraps: a repository of immutable tags, with both policies", async () => {
    const names = { repositoryNames: [it.repositoryName] };
    expect(await ecr.refused("DescribeRepositories", names)).toContain("RepositoryNotFoundException");
    await ecr.ask("CreateRepository", {
      ...{ ...it, imageTagMutability: "IMMUTABLE", imageScanningConfiguration: { scanOnPush: true } },
      ...{ tags: [{ Key: "awscdk:asset", Value: "true" }] },
    });
    await ecr.ask("PutLifecyclePolicy", { ...it, lifecyclePolicyText });
    await ecr.ask("SetRepositoryPolicy", { ...it, policyText });
    expect(await ecr.ask("GetRepositoryPolicy", it)).toMatchObject({ policyText });
    expect(await ecr.ask("GetLifecyclePolicy", it)).toMatchObject({ lifecyclePolicyText });
  });

  test("publishes an asset that is not there yet, once", async () => {
    expect(await ecr.refused("DescribeImages", image)).toContain("ImageNotFoundException");
    const { repositories } = await ecr.ask<{ repositories: { repositoryUri: string }[] }>(
      "DescribeRepositories",
      { repositoryNames: [it.repositoryName] },
    );
    expect(repositories[0]?.repositoryUri).toBe(`${new URL(berth.url).host}/${it.repositoryName}`);
    await pushImage(berth, it.repositoryName, "asset", "asset");
    expect(await ecr.ask("DescribeImages", image)).toMatchObject({
      imageDetails: [{ imageTags: ["asset"] }],
    });
  });

  test("collects garbage: isolates an image by a tag, takes it back, deletes it", async () => {
    const { imageIds } = await ecr.ask<{ imageIds: { imageDigest: string }[] }>("ListImages", it);
    const imageDigest = imageIds[0]?.imageDigest ?? "";
    const got = await ecr.ask<{ images: { imageManifest: string }[] }>("BatchGetImage", {
      ...{ ...it, imageIds: [{ imageDigest }] },
    });
    const isolated = { imageTag: "0-aws-cdk.ecr-isolated-1764387000000" };
    await ecr.ask("PutImage", {
      ...{ ...it, ...isolated, imageDigest, imageManifest: got.images[0]?.imageManifest },
    });
    const tagsOf = async (): Promise<unknown> =>
      (await ecr.ask<{ imageDetails: unknown[] }>("DescribeImages", it)).imageDetails;
    expect(await tagsOf()).toMatchObject([{ imageDigest, imageTags: [isolated.imageTag, "asset"] }]);
    await ecr.ask("BatchDeleteImage", { ...it, imageIds: [isolated] });
    expect(await tagsOf()).toMatchObject([{ imageDigest, imageTags: ["asset"] }]);
    const deleted = await ecr.ask("BatchDeleteImage", { ...it, imageIds: [{ imageDigest }] });
    expect(deleted).toMatchObject({ imageIds: [{ imageDigest, imageTag: "asset" }], failures: [] });
  });
});

describe("who logs in by GetAuthorizationToken", () => {
  const NAME = "team/app";
  const TAGS = ["v1.0.0", "v1.1.0", "v2.0.0"];
  beforeAll(async () => {
    await createRepository(berth, NAME);
    for (const tag of TAGS) await pushImage(berth, NAME, tag, tag);
  });

  interface Data {
    readonly authorizationToken: string;
    readonly expiresAt: number;
    readonly proxyEndpoint: string;
  }

  async function dataOf(input: object): Promise<Data> {
    const { authorizationData } = await ecr.ask<{ authorizationData: Data[] }>(
      "GetAuthorizationToken",
      input,
    );
    expect(authorizationData).toHaveLength(1);
    return authorizationData[0] as Data;
  }

  const get = (path: string, authorization: string | undefined, accept = "*/*", method = "GET") =>
    exchange(berth, {
      ...{ method, path },
      headers: { accept, ...(authorization === undefined ? { authorization: "" } : { authorization }) },
    });

  test.each([
    ["amazon-ecr-login and Renovate", {}],
    ["amazon-ecr-login with registries", { registryIds: [ACCOUNT] }],
    ["kubelet's ecr-credential-provider", { registryIds: [ACCOUNT] }],
    ["Flux, Argo CD Image Updater and external-secrets", {}],
  ])("%s gets a user, a password of one colon before it, a host and a time", async (_tool, input) => {
    const { authorizationToken, expiresAt, proxyEndpoint } = await dataOf(input);
    const [user, password, ...more] = Buffer.from(authorizationToken, "base64").toString().split(":");
    expect([user, more]).toEqual(["AWS", []]);
    expect(proxyEndpoint).toMatch(/^https?:\/\/[^/]+$/);
    expect(expiresAt * 1000).toBeGreaterThan(Date.now());
    expect((await get("/v2/", undefined)).headers["www-authenticate"]).toMatch(/^Basic /);
    expect((await get("/v2/", basic("AWS", password ?? ""))).status).toBe(200);
    // Renovate sends the token as it came.
    expect((await get("/v2/", `Basic ${authorizationToken}`)).status).toBe(200);
  });

  test.each([1, 1000, 10_000])("finds the tags by pages of %d", async (size) => {
    const authorization = `Basic ${(await dataOf({})).authorizationToken}`;
    const found: string[] = [];
    let path: string | undefined = `/v2/${NAME}/tags/list?n=${size}`;
    while (path !== undefined) {
      const page = await get(path, authorization);
      expect(page.status).toBe(200);
      found.push(...JSON.parse(page.body.toString()).tags);
      path = /^<([^>]+)>; ?rel="?next"?/.exec(String(page.headers["link"] ?? ""))?.[1];
    }
    expect(found).toEqual(TAGS);
  });

  test("finds digest, platform and labels of a tag, by a HEAD, the manifest and its config", async () => {
    const authorization = `Basic ${(await dataOf({})).authorizationToken}`;
    const accept = [
      ...[
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.oci.image.index.v1+json",
      ],
      ...[
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.oci.image.manifest.v1+json",
      ],
    ].join(", ");
    const path = `/v2/${NAME}/manifests/v2.0.0`;
    const head = await get(path, authorization, accept, "HEAD");
    const manifest = await get(path, authorization, accept);
    const digest = `sha256:${createHash("sha256").update(manifest.body).digest("hex")}`;
    expect([head.headers["docker-content-digest"], manifest.headers["docker-content-digest"]]).toEqual([
      ...[digest, digest],
    ]);
    const { config } = JSON.parse(manifest.body.toString());
    const blob = await get(`/v2/${NAME}/blobs/${config.digest}`, authorization);
    expect([blob.status, blob.body.length]).toEqual([200, config.size]);
  });
});
