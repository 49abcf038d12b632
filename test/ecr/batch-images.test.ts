import { afterAll, describe, expect, test } from "vitest";
import { startTestBerth } from "../support/berth.ts";
import { exchange } from "../support/exchange.ts";
import {
  DOCKER_LIST,
  entry,
  image,
  index,
  type Manifest,
  manifest,
  OCI_CONFIG,
  OCI_INDEX,
  OCI_MANIFEST,
} from "../support/manifests.ts";
import { configOf, createRepository, imageOf, pushBlob, pushImage, pushManifest } from "../support/push.ts";
import { rowsOf } from "../support/rows.ts";
import { ecrApi } from "./support/api.ts";

const berth = await startTestBerth({ env: { BERTH_AUDIT_PULLS: "on" } });
afterAll(() => berth.stop());
const api = ecrApi(berth);
const ACCOUNT = "000000000000";
const ABSENT = `sha256:${"0".repeat(64)}`;

type Id = Readonly<Record<string, string | undefined>>;
interface Failure {
  readonly imageId: Id;
  readonly failureCode: string;
  readonly failureReason: string;
}

const failure = (imageId: Id, failureCode: string, failureReason: string): Failure => ({
  ...{ imageId, failureCode, failureReason },
});
const notFound = (imageId: Id): Failure => failure(imageId, "ImageNotFound", "Requested image not found");

/** Ids of which there is no image, as both operations say it. `there` is an image under the tag `v1`. */
const FAULTS = (there: string): readonly Failure[] => [
  notFound({ imageTag: "absent" }),
  notFound({ imageDigest: ABSENT }),
  notFound({ imageDigest: "sha256:abc" }),
  notFound({ imageDigest: there, imageTag: "absent" }),
  failure({}, "MissingDigestAndTag", "Invalid request parameters: both tag and digest cannot be null"),
  failure(
    { imageDigest: "none" },
    "InvalidImageDigest",
    "Invalid request parameters: image digest should satisfy the regex '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'",
  ),
  failure(
    { imageTag: "-" },
    "InvalidImageTag",
    "Invalid request parameters: image tag should satisfy the regex '[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}'",
  ),
  failure(
    { imageDigest: ABSENT, imageTag: "v1" },
    "ImageTagDoesNotMatchDigest",
    "Requested image tag does not point at the requested image digest",
  ),
];

describe("BatchGetImage", () => {
  const get = (repositoryName: string, imageIds: readonly Id[], more = {}): Promise<unknown> =>
    api.ask("BatchGetImage", { repositoryName, imageIds, ...more });
  const gotten = (name: string, { digest, bytes, mediaType }: Manifest, imageTag?: string): object => ({
    ...{ registryId: ACCOUNT, repositoryName: name },
    imageId: { imageDigest: digest, ...(imageTag === undefined ? {} : { imageTag }) },
    ...{ imageManifest: bytes.toString(), imageManifestMediaType: mediaType },
  });

  test("gives each image that was asked for, in that order, and says why there are not more", async () => {
    const one = await pushImage(berth, "get", "v1", "get 1");
    const two = await pushImage(berth, "get", "v2", "get 2");
    const ids = [
      { imageTag: "v2" },
      { imageDigest: one.digest },
      { imageDigest: one.digest, imageTag: "v1" },
      { imageTag: "v2" },
    ];
    const faults = FAULTS(one.digest);
    expect(await get("get", [...faults.map(({ imageId }) => imageId), ...ids])).toEqual({
      images: [
        gotten("get", two, "v2"),
        gotten("get", one),
        gotten("get", one, "v1"),
        gotten("get", two, "v2"),
      ],
      failures: faults,
    });
  });

  test("of nothing that could be there still says whether the repository is", async () => {
    await createRepository(berth, "get-empty");
    expect(await get("get-empty", [{}])).toMatchObject({ images: [], failures: [{ imageId: {} }] });
    expect(await api.refused("BatchGetImage", { repositoryName: "absent", imageIds: [{}] })).toEqual([
      "RepositoryNotFoundException",
      `The repository with name 'absent' does not exist in the registry with id '${ACCOUNT}'`,
    ]);
  });

  test("converts nothing, whatever is accepted", async () => {
    const child = await pushImage(berth, "get-list", undefined, "child");
    const list = await pushManifest(berth, "get-list", index([entry(child)]), "latest");
    const acceptedMediaTypes = [OCI_MANIFEST, DOCKER_LIST];
    expect(await get("get-list", [{ imageTag: "latest" }], { acceptedMediaTypes })).toEqual({
      images: [gotten("get-list", list, "latest")],
      failures: [],
    });
    expect(list.mediaType).toBe(OCI_INDEX);
  });

  test("gives no more than 4 MiB of manifests at once", async () => {
    await pushBlob(berth, "get-large", configOf("large"));
    const large = image(configOf("large"), [], { annotations: { a: "x".repeat(1_500_000) } });
    await pushManifest(berth, "get-large", large, "large");
    const twice = await get("get-large", [{ imageTag: "large" }, { imageDigest: large.digest }]);
    expect(twice).toMatchObject({ images: [{}, {}], failures: [] });
    const imageIds = [{ imageTag: "large" }, { imageTag: "large" }, { imageTag: "large" }];
    expect(await api.refused("BatchGetImage", { repositoryName: "get-large", imageIds })).toEqual([
      "LimitExceededException",
      `One call gets manifests of at most 4194304 bytes together; these have ${3 * large.bytes.length}`,
    ]);
  });

  test("is in the audit log where pulls are", async () => {
    const { digest } = await pushImage(berth, "get-told", "v1", "told");
    await get("get-told", [{ imageTag: "v1" }, { imageTag: "absent" }]);
    await expect
      .poll(() =>
        rowsOf(
          berth,
          "SELECT action, principal, decision, detail FROM audit_log WHERE resource LIKE '%/get-told' AND action = 'ecr:BatchGetImage'",
        ),
      )
      .toEqual([
        {
          action: "ecr:BatchGetImage",
          principal: `arn:aws:iam::${ACCOUNT}:user/administrator`,
          decision: "allowed",
          detail: { digest, reference: "v1" },
        },
      ]);
  });
});

describe("BatchDeleteImage", () => {
  const remove = (
    repositoryName: string,
    imageIds: readonly Id[],
  ): Promise<{ imageIds: Id[]; failures: Failure[] }> =>
    api.ask("BatchDeleteImage", { repositoryName, imageIds });
  const left = async (repositoryName: string): Promise<unknown> =>
    (await api.ask<{ imageIds: unknown }>("ListImages", { repositoryName })).imageIds;

  test("by one tag of several removes that tag; by the last one the image", async () => {
    const { digest } = await pushImage(berth, "tags", "a", "tags");
    await pushManifest(berth, "tags", imageOf("tags"), "b");
    const a = { imageDigest: digest, imageTag: "a" };
    const b = { imageDigest: digest, imageTag: "b" };
    expect(await remove("tags", [{ imageTag: "a" }])).toEqual({ imageIds: [a], failures: [] });
    expect(await left("tags")).toEqual([b]);
    expect(await remove("tags", [{ imageTag: "b" }])).toEqual({ imageIds: [b], failures: [] });
    expect(await left("tags")).toEqual([]);
    expect((await exchange(berth, { path: `/v2/tags/manifests/${digest}` })).status).toBe(404);
  });

  test("by both tags at once removes the image, too", async () => {
    const { digest } = await pushImage(berth, "both", "a", "both");
    await pushManifest(berth, "both", imageOf("both"), "b");
    expect(await remove("both", [{ imageTag: "b" }, { imageTag: "a" }])).toEqual({
      imageIds: [
        { imageDigest: digest, imageTag: "b" },
        { imageDigest: digest, imageTag: "a" },
      ],
      failures: [],
    });
    expect(await left("both")).toEqual([]);
  });

  test("by digest, alone or with a tag, removes the image with all its tags", async () => {
    const one = await pushImage(berth, "digests", "a", "digest 1");
    await pushManifest(berth, "digests", one, "b");
    const bare = await pushImage(berth, "digests", undefined, "digest 2");
    const two = await pushImage(berth, "digests", "c", "digest 3");
    await pushManifest(berth, "digests", two, "d");
    expect(
      await remove("digests", [
        { imageDigest: one.digest },
        { imageDigest: bare.digest },
        { imageDigest: two.digest, imageTag: "d" },
      ]),
    ).toEqual({
      imageIds: [
        { imageDigest: one.digest, imageTag: "a" },
        { imageDigest: one.digest, imageTag: "b" },
        { imageDigest: bare.digest },
        { imageDigest: two.digest, imageTag: "c" },
        { imageDigest: two.digest, imageTag: "d" },
      ],
      failures: [],
    });
    expect(await left("digests")).toEqual([]);
  });

  test("says of each id why nothing went, and the others go", async () => {
    const kept = await pushImage(berth, "faults", "v1", "faults 1");
    const gone = await pushImage(berth, "faults", "v2", "faults 2");
    const faults = FAULTS(kept.digest);
    const ids = [...faults.map(({ imageId }) => imageId), { imageTag: "v2" }];
    expect(await remove("faults", ids)).toEqual({
      imageIds: [{ imageDigest: gone.digest, imageTag: "v2" }],
      failures: faults,
    });
    expect(await left("faults")).toEqual([{ imageDigest: kept.digest, imageTag: "v1" }]);
  });

  test("of the same id twice finds nothing the second time", async () => {
    const { digest } = await pushImage(berth, "twice", "a", "twice");
    expect(await remove("twice", [{ imageDigest: digest }, { imageDigest: digest }])).toEqual({
      imageIds: [{ imageDigest: digest, imageTag: "a" }],
      failures: [notFound({ imageDigest: digest })],
    });
    await pushImage(berth, "twice", "a", "twice");
    expect(await remove("twice", [{ imageTag: "a" }, { imageTag: "a" }])).toEqual({
      imageIds: [{ imageDigest: digest, imageTag: "a" }],
      failures: [notFound({ imageTag: "a" })],
    });
  });

  test("keeps what an index lists, by digest and by its last tag, and names the indexes", async () => {
    const child = await pushImage(berth, "listed", "child", "listed");
    await pushManifest(berth, "listed", child, "other");
    const lists = [
      await pushManifest(berth, "listed", index([entry(child)]), "one"),
      await pushManifest(berth, "listed", index([entry(child)], { annotations: { a: "b" } }), "two"),
    ];
    // A tag of several goes all the same.
    expect((await remove("listed", [{ imageTag: "other" }])).failures).toEqual([]);
    for (const id of [{ imageDigest: child.digest }, { imageTag: "child" }]) {
      const { imageIds, failures } = await remove("listed", [id]);
      expect([imageIds, failures]).toMatchObject([
        [],
        [{ imageId: id, failureCode: "ImageReferencedByManifestList" }],
      ]);
      const named = /^Requested image referenced by manifest list: \[(.*)\]$/.exec(
        failures[0]?.failureReason ?? "",
      );
      expect(named?.[1]?.split(", ").sort()).toEqual(lists.map(({ digest }) => digest).sort());
    }
  });

  test("removes indexes before what they list, and answers in the order of the request", async () => {
    const child = await pushImage(berth, "trees", "child", "tree");
    const list = await pushManifest(berth, "trees", index([entry(child)]));
    const tree = await pushManifest(berth, "trees", index([entry(list)]), "tree");
    const { imageIds, failures } = await remove("trees", [
      { imageTag: "child" },
      { imageDigest: list.digest },
      { imageTag: "tree" },
    ]);
    expect([imageIds, failures]).toEqual([
      [
        { imageDigest: child.digest, imageTag: "child" },
        { imageDigest: list.digest },
        { imageDigest: tree.digest, imageTag: "tree" },
      ],
      [],
    ]);
  });

  test("leaves the children of an index, untagged", async () => {
    const child = await pushImage(berth, "children", undefined, "children");
    await pushManifest(berth, "children", index([entry(child)]), "list");
    await remove("children", [{ imageTag: "list" }]);
    expect(await left("children")).toEqual([{ imageDigest: child.digest }]);
  });

  test("tells of each image and tag that went, as the registry's door does", async () => {
    const one = await pushImage(berth, "told", "a", "told 1");
    await pushManifest(berth, "told", one, "b");
    const two = await pushImage(berth, "told", "c", "told 2");
    await remove("told", [{ imageTag: "a" }, { imageTag: "c" }, { imageTag: "absent" }]);
    const types = { mediaType: OCI_MANIFEST, artifactType: OCI_CONFIG };
    const said = [
      { kind: "image.untag", detail: { tag: "a", digest: one.digest, ...types } },
      { kind: "image.delete", detail: { digest: two.digest, tags: ["c"], ...types } },
    ];
    expect(
      await rowsOf(
        berth,
        "SELECT kind, detail FROM outbox WHERE kind <> 'image.put' AND kind LIKE 'image.%' AND detail ->> 'repository' = 'told' ORDER BY id",
      ),
    ).toMatchObject(said);
    expect(
      await rowsOf(
        berth,
        "SELECT detail FROM audit_log WHERE resource LIKE '%/told' AND action = 'ecr:BatchDeleteImage' ORDER BY id",
      ),
    ).toEqual(said.map(({ detail }) => ({ detail })));
  });

  test("of a repository that does not exist", async () => {
    const imageIds = [{ imageTag: "a" }];
    expect(await api.refused("BatchDeleteImage", { repositoryName: "absent", imageIds })).toEqual([
      "RepositoryNotFoundException",
      `The repository with name 'absent' does not exist in the registry with id '${ACCOUNT}'`,
    ]);
  });
});

test.each(["BatchGetImage", "BatchDeleteImage"] as const)("%s takes at most 100 ids", async (operation) => {
  const imageIds = Array.from({ length: 101 }, (_, at) => ({ imageTag: `t${at}` }));
  expect(await api.refused(operation, { repositoryName: "get", imageIds })).toEqual([
    "InvalidParameterException",
    "Invalid parameter at 'imageIds' failed to satisfy constraint: 'Member must have length less than or equal to 100'",
  ]);
});

describe("ListImageReferrers", () => {
  const subject = imageOf("subject");
  const referrer = (label: string, fields = {}): Manifest =>
    manifest({
      ...{ schemaVersion: 2, mediaType: OCI_MANIFEST, subject: entry(subject), annotations: { label } },
      ...JSON.parse(imageOf("referrer").bytes.toString()),
      ...fields,
    });
  const list = (more = {}): Promise<{ referrers: { digest: string }[]; nextToken?: string }> =>
    api.ask("ListImageReferrers", {
      repositoryName: "referred",
      subjectId: { imageDigest: subject.digest },
      ...more,
    });
  const pushed: Manifest[] = [];

  test("has what the registry's door has, oldest first", async () => {
    await pushImage(berth, "referred", undefined, "referrer");
    for (const artifactType of ["a/a", "b/b", "a/a", "c/c"]) {
      const one = referrer(`${pushed.length}`, {
        artifactType,
        subject: entry(subject),
        annotations: { n: `${pushed.length}` },
      });
      pushed.push(await pushManifest(berth, "referred", one));
    }
    const { referrers } = await list();
    expect(referrers[1]).toEqual({
      digest: pushed[1]?.digest,
      mediaType: OCI_MANIFEST,
      artifactType: "b/b",
      size: pushed[1]?.bytes.length,
      annotations: { n: "1" },
      artifactStatus: "ACTIVE",
    });
    const { body } = await exchange(berth, { path: `/v2/referred/referrers/${subject.digest}` });
    const entries = JSON.parse(body.toString()).manifests;
    expect(referrers.map(({ artifactStatus, ...rest }: Record<string, unknown>) => rest)).toEqual(entries);
  });

  test("comes in pages, and by type", async () => {
    const filter = { artifactTypes: ["a/a", "c/c"] };
    const first = await list({ filter, maxResults: 2 });
    expect(first.referrers.map(({ digest }) => digest)).toEqual([pushed[0]?.digest, pushed[2]?.digest]);
    const rest = await list({ filter, maxResults: 2, nextToken: first.nextToken });
    expect(rest).toMatchObject({ referrers: [{ digest: pushed[3]?.digest }] });
    expect(rest).not.toHaveProperty("nextToken");
  });

  test("is empty for an unknown subject, and for what is not active", async () => {
    expect(await list({ subjectId: { imageDigest: ABSENT } })).toEqual({ referrers: [] });
    expect(await list({ filter: { artifactStatus: "ARCHIVED" } })).toEqual({ referrers: [] });
    expect((await list({ filter: { artifactStatus: "ANY" } })).referrers).toHaveLength(4);
  });

  test("has 20 a page unless told otherwise, and at most 50", async () => {
    for (let n = 4; n < 22; n++) {
      await pushManifest(
        berth,
        "referred",
        referrer("", { subject: entry(subject), annotations: { n: `${n}` } }),
      );
    }
    expect((await list()).referrers).toHaveLength(20);
    expect((await list({ maxResults: 50 })).referrers).toHaveLength(22);
    const input = { repositoryName: "referred", subjectId: { imageDigest: ABSENT }, maxResults: 51 };
    expect((await api.refused("ListImageReferrers", input))[1]).toContain("less than or equal to 50");
  });

  test("ends a page early where there is much annotation", async () => {
    const digests: string[] = [];
    for (let n = 0; n < 3; n++) {
      const annotations = { a: `${n}`.repeat(900_000) };
      const large = referrer("", { subject: entry(imageOf("large subject")), annotations });
      digests.push((await pushManifest(berth, "referred", large)).digest);
    }
    const found: string[][] = [];
    let nextToken: string | undefined;
    do {
      const more = nextToken === undefined ? {} : { nextToken };
      const page = await list({ subjectId: { imageDigest: imageOf("large subject").digest }, ...more });
      found.push(page.referrers.map(({ digest }) => digest));
      nextToken = page.nextToken;
    } while (nextToken !== undefined);
    expect(found).toEqual(digests.map((digest) => [digest]));
  });

  test("of what is no digest, or in a repository that does not exist", async () => {
    const wrong = { repositoryName: "referred", subjectId: { imageDigest: "none" } };
    expect((await api.refused("ListImageReferrers", wrong))[0]).toBe("InvalidParameterException");
    const absent = { repositoryName: "absent", subjectId: { imageDigest: ABSENT } };
    expect((await api.refused("ListImageReferrers", absent))[0]).toBe("RepositoryNotFoundException");
  });
});
