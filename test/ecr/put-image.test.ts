import { afterAll, describe, expect, test } from "vitest";
import { startTestBerth } from "../support/berth.ts";
import { exchange } from "../support/exchange.ts";
import {
  blob,
  DOCKER_MANIFEST,
  entry,
  FOREIGN_LAYER,
  headersOf,
  image,
  index,
  type Manifest,
  manifest,
  OCI_CONFIG,
  OCI_MANIFEST,
} from "../support/manifests.ts";
import { changeRepository, configOf, imageOf, layerOf, pushBlob, pushImage } from "../support/push.ts";
import { rowsOf } from "../support/rows.ts";
import { ecrApi, invalid } from "./support/api.ts";

const berth = await startTestBerth();
afterAll(() => berth.stop());
const api = ecrApi(berth);
const ACCOUNT = "000000000000";

const inputOf = (repositoryName: string, { bytes }: Manifest, more: object = {}): object => ({
  repositoryName,
  imageManifest: bytes.toString(),
  ...more,
});

/** An image whose blobs are there, and that is not pushed yet. */
async function readyImage(name: string, label: string, fields = {}): Promise<Manifest> {
  await pushBlob(berth, name, configOf(label));
  await pushBlob(berth, name, layerOf(label));
  return imageOf(label, fields);
}

test("an image is stored byte for byte, and its text comes back", async () => {
  const ready = await readyImage("app", "stored", { annotations: { größe: "ä\u2028\n" } });
  expect(await api.ask("PutImage", inputOf("app", ready, { imageTag: "v1" }))).toEqual({
    image: {
      registryId: ACCOUNT,
      repositoryName: "app",
      imageId: { imageDigest: ready.digest, imageTag: "v1" },
      imageManifest: ready.bytes.toString(),
      imageManifestMediaType: OCI_MANIFEST,
    },
  });
  const pulled = await exchange(berth, { path: "/v2/app/manifests/v1" });
  expect(pulled.body.equals(ready.bytes)).toBe(true);
  expect(pulled.headers["docker-content-digest"]).toBe(headersOf(ready)["Docker-Content-Digest"]);
});

test("by its digest, without a tag", async () => {
  const ready = await readyImage("app", "untagged");
  const { image: put } = await api.ask<{ image: object }>(
    "PutImage",
    inputOf("app", ready, { imageDigest: ready.digest }),
  );
  expect(put).toMatchObject({ imageId: { imageDigest: ready.digest } });
  expect(put).not.toHaveProperty("imageId.imageTag");
});

test("the change is told of once, as one by the registry's door is", async () => {
  const ready = await readyImage("told", "told");
  await api.ask("PutImage", inputOf("told", ready, { imageTag: "v1" }));
  const moved = [{ tag: "v1", from: null }];
  const types = { mediaType: OCI_MANIFEST, artifactType: OCI_CONFIG };
  const said = { digest: ready.digest, tags: ["v1"], created: true, moved, ...types };
  expect(
    await rowsOf(
      berth,
      "SELECT action, principal, detail FROM audit_log WHERE resource LIKE '%/told' AND action = 'ecr:PutImage'",
    ),
  ).toEqual([
    { action: "ecr:PutImage", principal: `arn:aws:iam::${ACCOUNT}:user/administrator`, detail: said },
  ]);
  const events = await rowsOf<{ detail: object }>(
    berth,
    "SELECT detail FROM outbox WHERE kind = 'image.put' AND detail ->> 'repository' = 'told'",
  );
  expect(events).toMatchObject([{ detail: said }]);
});

describe("the media type", () => {
  test("is the parameter's where the manifest says none", async () => {
    const untyped = await readyImage("types", "untyped", { mediaType: undefined });
    const typed = inputOf("types", untyped, { imageManifestMediaType: OCI_MANIFEST });
    expect(await api.ask("PutImage", typed)).toMatchObject({
      image: { imageManifestMediaType: OCI_MANIFEST },
    });
  });

  test("must be said somewhere", async () => {
    const untyped = await readyImage("types", "not typed", { mediaType: undefined });
    expect(await api.refused("PutImage", inputOf("types", untyped))).toEqual([
      "InvalidParameterException",
      "image manifest mediatype not provided in manifest or parameter",
    ]);
  });

  test("must be one, not two", async () => {
    const ready = await readyImage("types", "two types");
    const other = inputOf("types", ready, { imageManifestMediaType: DOCKER_MANIFEST });
    expect(await api.refused("PutImage", other)).toEqual(
      invalid(
        "ImageManifest",
        `mediaType contradicts the imageManifestMediaType ${DOCKER_MANIFEST}, not "${OCI_MANIFEST}"`,
      ),
    );
  });
});

describe("refused", () => {
  const refusedCode = async (input: object): Promise<string> => (await api.refused("PutImage", input))[0];

  test.each([
    ["no JSON", "{", /^Invalid parameter at 'ImageManifest' .* 'Invalid JSON syntax: the body is not JSON/],
    ["no object", "[]", /'Invalid JSON syntax: a manifest is a JSON object'/],
    [
      "the old artifact manifest",
      JSON.stringify({ mediaType: "application/vnd.oci.artifact.manifest.v1+json" }),
      /'Invalid JSON syntax: the OCI artifact manifest is retired/,
    ],
    [
      "another schema",
      JSON.stringify({ schemaVersion: 3, mediaType: OCI_MANIFEST }),
      /'schemaVersion must be 2, not 3'/,
    ],
  ])("%s", async (_, imageManifest, says) => {
    const [code, message] = await api.refused("PutImage", { repositoryName: "app", imageManifest });
    expect(code).toBe("InvalidParameterException");
    expect(message).toMatch(says);
  });

  test("a digest that is not the manifest's", async () => {
    const ready = await readyImage("app", "digests");
    const imageDigest = imageOf("another").digest;
    expect(await api.refused("PutImage", inputOf("app", ready, { imageDigest }))).toEqual([
      "ImageDigestDoesNotMatchException",
      `the manifest has digest ${ready.digest}, not ${imageDigest}`,
    ]);
    expect(await refusedCode(inputOf("app", ready, { imageDigest: "sha256:1" }))).toBe(
      "InvalidParameterException",
    );
  });

  test("a tag that cannot be one", async () => {
    const ready = await readyImage("app", "tags");
    const [code, message] = await api.refused("PutImage", inputOf("app", ready, { imageTag: "-v1" }));
    expect([code, message]).toEqual(["InvalidParameterException", expect.stringContaining("'imageTag'")]);
  });

  test("layers that the repository lacks, unless they are foreign", async () => {
    await pushBlob(berth, "app", configOf("lacking"));
    const lacking = image(configOf("lacking"), ["nowhere"]);
    const [code, message] = await api.refused("PutImage", inputOf("app", lacking));
    expect([code, message]).toEqual([
      "LayersNotFoundException",
      expect.stringContaining(blob("nowhere").digest),
    ]);
    const foreign = image(configOf("lacking"), [blob("nowhere", FOREIGN_LAYER)]);
    await api.ask("PutImage", inputOf("app", foreign));
  });

  test("images of an index that the repository lacks", async () => {
    const list = index([entry(imageOf("nowhere"))]);
    const [code, message] = await api.refused("PutImage", inputOf("app", list));
    expect([code, message]).toEqual([
      "ReferencedImagesNotFoundException",
      expect.stringContaining(imageOf("nowhere").digest),
    ]);
  });

  test("an image that is there, under the same tag or none", async () => {
    const { digest } = await pushImage(berth, "app", "there", "there");
    const where = `already exists in the repository with name 'app' in registry with id '${ACCOUNT}'`;
    expect(await api.refused("PutImage", inputOf("app", imageOf("there"), { imageTag: "there" }))).toEqual([
      "ImageAlreadyExistsException",
      `Image with digest '${digest}' and tag 'there' ${where}`,
    ]);
    expect(await api.refused("PutImage", inputOf("app", imageOf("there")))).toEqual([
      "ImageAlreadyExistsException",
      `Image with digest '${digest}' ${where}`,
    ]);
  });

  test("a tag that may not move; the same image is there already, and another tag may be given", async () => {
    await pushImage(berth, "frozen", "v1", "frozen");
    await changeRepository(berth, "frozen", { tagMutability: "IMMUTABLE" });
    const other = await readyImage("frozen", "other");
    expect(await api.refused("PutImage", inputOf("frozen", other, { imageTag: "v1" }))).toEqual([
      "ImageTagAlreadyExistsException",
      "The image tag 'v1' already exists in the 'frozen' repository and cannot be overwritten because the tag is immutable.",
    ]);
    const same = inputOf("frozen", imageOf("frozen"), { imageTag: "v1" });
    expect(await refusedCode(same)).toBe("ImageAlreadyExistsException");
    await api.ask("PutImage", inputOf("frozen", imageOf("frozen"), { imageTag: "v2" }));
  });

  test("a repository that does not exist, which is not made", async () => {
    const missing = inputOf("nowhere", imageOf("x"), { imageTag: "v1" });
    expect(await api.refused("PutImage", missing)).toEqual([
      "RepositoryNotFoundException",
      `The repository with name 'nowhere' does not exist in the registry with id '${ACCOUNT}'`,
    ]);
    const { status } = await api.call("DescribeRepositories", { repositoryNames: ["nowhere"] });
    expect(status).toBe(400);
  });

  test("a manifest of too many bytes in few characters", async () => {
    const body = { schemaVersion: 2, mediaType: OCI_MANIFEST, annotations: { a: "€".repeat(1_500_000) } };
    const [code] = await api.refused("PutImage", inputOf("app", manifest(body)));
    expect(code).toBe("LimitExceededException");
  });
});

test("a tag moves, and its image stays", async () => {
  const first = await pushImage(berth, "moving", "latest", "first");
  const second = await readyImage("moving", "second");
  await api.ask("PutImage", inputOf("moving", second, { imageTag: "latest" }));
  expect(await api.ask("ListImages", { repositoryName: "moving" })).toEqual({
    imageIds: [{ imageDigest: second.digest, imageTag: "latest" }, { imageDigest: first.digest }],
  });
});

test("another tag of an image leaves the time of its push alone", async () => {
  await pushImage(berth, "retagged", "v1", "retagged");
  const times = async (): Promise<unknown> =>
    (
      await api.ask<{ imageDetails: { imagePushedAt: number }[] }>("DescribeImages", {
        repositoryName: "retagged",
      })
    ).imageDetails.map(({ imagePushedAt }) => imagePushedAt);
  const before = await times();
  const { images } = await api.ask<{ images: { imageManifest: string; imageManifestMediaType: string }[] }>(
    "BatchGetImage",
    { repositoryName: "retagged", imageIds: [{ imageTag: "v1" }] },
  );
  const [gotten] = images;
  const again = {
    repositoryName: "retagged",
    imageManifest: gotten?.imageManifest,
    imageManifestMediaType: gotten?.imageManifestMediaType,
    imageTag: "v2",
  };
  await api.ask("PutImage", again);
  expect(await times()).toEqual(before);
  const { digest } = imageOf("retagged");
  expect(await api.ask("ListImages", { repositoryName: "retagged" })).toEqual({
    imageIds: [
      { imageDigest: digest, imageTag: "v1" },
      { imageDigest: digest, imageTag: "v2" },
    ],
  });
});

test("a referrer is listed by its subject, which need not be there", async () => {
  const subject = imageOf("absent subject");
  const referrer = await readyImage("referring", "referrer", { subject: entry(subject) });
  await api.ask("PutImage", inputOf("referring", referrer));
  const { body } = await exchange(berth, { path: `/v2/referring/referrers/${subject.digest}` });
  expect(JSON.parse(body.toString()).manifests).toMatchObject([{ digest: referrer.digest }]);
});
