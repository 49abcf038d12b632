import { afterAll, describe, expect, test } from "vitest";
import { postgresImages } from "../../src/adapters/postgres/images/index.ts";
import { parseRepositoryName } from "../../src/registry/names.ts";
import type { Scope } from "../../src/registry/scope.ts";
import { startTestBerth } from "../support/berth.ts";
import {
  blob,
  entry,
  FOREIGN_LAYER,
  image,
  index,
  type Manifest,
  OCI_CONFIG,
  OCI_INDEX,
  OCI_LAYER,
  OCI_MANIFEST,
} from "../support/manifests.ts";
import {
  configOf,
  createRepository,
  imageOf,
  layerOf,
  pushBlob,
  pushImage,
  pushManifest,
} from "../support/push.ts";
import { rowsOf } from "../support/rows.ts";
import { ecrApi, invalid } from "./support/api.ts";

const berth = await startTestBerth();
afterAll(() => berth.stop());
const api = ecrApi(berth);
const ACCOUNT = "000000000000";

interface Detail {
  readonly imageDigest: string;
  readonly imageTags?: readonly string[];
  readonly imageSizeInBytes: number;
  readonly imagePushedAt: number;
}
interface Page {
  readonly imageDetails: readonly Detail[];
  readonly nextToken?: string;
}

const describeImages = (repositoryName: string, more = {}): Promise<Page> =>
  api.ask<Page>("DescribeImages", { repositoryName, ...more });

async function detailOf(name: string, imageDigest: string): Promise<Detail | undefined> {
  return (await describeImages(name, { imageIds: [{ imageDigest }] })).imageDetails[0];
}

const sizeOf = (label: string): number => configOf(label).length + layerOf(label).length;

describe("an image", () => {
  test("that the registry's door took is described in full", async () => {
    const { digest } = await pushImage(berth, "full", "b", "full");
    await pushManifest(berth, "full", imageOf("full"), "a");
    const [row] = await rowsOf<{ pushed_at: Date }>(
      berth,
      "SELECT m.pushed_at FROM manifests m JOIN repositories r ON r.id = m.repository_id WHERE r.name = 'full'",
    );
    expect(await describeImages("full")).toEqual({
      imageDetails: [
        {
          registryId: ACCOUNT,
          repositoryName: "full",
          imageDigest: digest,
          imageTags: ["a", "b"],
          imageSizeInBytes: sizeOf("full"),
          imagePushedAt: (row?.pushed_at.getTime() ?? 0) / 1000,
          imageManifestMediaType: OCI_MANIFEST,
          artifactMediaType: OCI_CONFIG,
          imageStatus: "ACTIVE",
        },
      ],
    });
  });

  test("counts a blob once, however often it is named, and not what the repository lacks", async () => {
    await pushBlob(berth, "sizes", configOf("sizes"));
    await pushBlob(berth, "sizes", layerOf("sizes"));
    const layer = blob(layerOf("sizes"));
    const foreign = { ...blob("elsewhere", FOREIGN_LAYER), urls: ["https://example.com/layer"] };
    const { digest } = await pushManifest(berth, "sizes", image(configOf("sizes"), [layer, layer, foreign]));
    expect(await detailOf("sizes", digest)).toMatchObject({ imageSizeInBytes: sizeOf("sizes") });
  });

  test("without a tag has no tags, an artifact its type, and a referrer its subject", async () => {
    const subject = await pushImage(berth, "referred", "v1", "subject");
    await pushBlob(berth, "referred", layerOf("signature"));
    const config = { ...blob(layerOf("signature"), "application/vnd.oci.empty.v1+json") };
    const signature = image(config, [], {
      artifactType: "application/vnd.example.signature",
      subject: entry(subject),
    });
    await pushManifest(berth, "referred", signature);
    const detail = await detailOf("referred", signature.digest);
    expect(detail).toMatchObject({
      artifactMediaType: "application/vnd.example.signature",
      subjectManifestDigest: subject.digest,
    });
    expect(detail).not.toHaveProperty("imageTags");
  });

  test("that is an index has the size of its largest image, and no type of artifact", async () => {
    const small = await pushImage(berth, "multi", undefined, "s");
    const large = await pushImage(berth, "multi", undefined, "quite a bit larger");
    const list = index([entry(small), entry(large)], { artifactType: "application/vnd.example.list" });
    await pushManifest(berth, "multi", list, "latest");
    const detail = await detailOf("multi", list.digest);
    expect(detail).toMatchObject({
      imageSizeInBytes: sizeOf("quite a bit larger"),
      imageManifestMediaType: OCI_INDEX,
    });
    expect(detail).not.toHaveProperty("artifactMediaType");
  });

  test("that lacked something when it was pushed has the size of what is there now", async () => {
    await createRepository(berth, "sparse", { sparse: true });
    const list = await pushManifest(berth, "sparse", index([entry(imageOf("late"))]), "latest");
    const alone = await pushManifest(berth, "sparse", imageOf("late"));
    expect(await detailOf("sparse", list.digest)).toMatchObject({ imageSizeInBytes: 0 });
    await pushBlob(berth, "sparse", layerOf("late"));
    for (const { digest } of [list, alone]) {
      expect(await detailOf("sparse", digest)).toMatchObject({ imageSizeInBytes: layerOf("late").length });
    }
  });

  test("that is an index of layers has the size of them all", async () => {
    await pushBlob(berth, "cache", layerOf("one"));
    await pushBlob(berth, "cache", layerOf("two"));
    const list = index([blob(layerOf("one"), OCI_LAYER), blob(layerOf("two"), OCI_LAYER)]);
    await pushManifest(berth, "cache", list, "cache");
    expect(await detailOf("cache", list.digest)).toMatchObject({
      imageSizeInBytes: layerOf("one").length + layerOf("two").length,
    });
  });
});

describe("images by id", () => {
  const images: Manifest[] = [];
  test("come once each, in the order in which they are named first", async () => {
    for (const label of ["x", "y", "z"]) images.push(await pushImage(berth, "named", label, label));
    const [x, y, z] = images.map(({ digest }) => digest);
    const imageIds = [
      { imageTag: "y" },
      { imageDigest: z },
      { imageDigest: y, imageTag: "y" },
      { imageTag: "x" },
    ];
    const { imageDetails } = await describeImages("named", { imageIds });
    expect(imageDetails.map(({ imageDigest }) => imageDigest)).toEqual([y, z, x]);
  });

  const absent = `sha256:${"0".repeat(64)}`;
  test.each([
    [{ imageTag: "absent" }, "null", "absent"],
    [{ imageDigest: absent }, absent, "null"],
    [{ imageDigest: "sha256:abc" }, "sha256:abc", "null"],
    [{ imageDigest: absent, imageTag: "x" }, absent, "x"],
  ])("of which one is missing are refused: %o", async (missing, digest, tag) => {
    const imageIds = [{ imageTag: "x" }, missing];
    expect(await api.refused("DescribeImages", { repositoryName: "named", imageIds })).toEqual([
      "ImageNotFoundException",
      `The image with imageId {imageDigest:'${digest}', imageTag:'${tag}'} does not exist within the repository with name 'named' in the registry with id '${ACCOUNT}'`,
    ]);
  });

  test.each([
    [{}, "both tag and digest cannot be null"],
    [{ imageDigest: "abc" }, "image digest should satisfy the regex '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'"],
    [{ imageTag: "-a" }, "image tag should satisfy the regex '[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}'"],
  ])("that are none are refused: %o", async (id, rule) => {
    expect(await api.refused("DescribeImages", { repositoryName: "named", imageIds: [id] })).toEqual(
      invalid("imageIds", rule),
    );
  });

  test.each(["maxResults", "nextToken"])("take no %s", async (member) => {
    const paged = { [member]: member === "maxResults" ? 5 : "token" };
    const input = { repositoryName: "named", imageIds: [{ imageTag: "x" }], ...paged };
    expect(await api.refused("DescribeImages", input)).toEqual(
      invalid(member, "Member must be null when 'imageIds' is given"),
    );
  });
});

/** Every page of a list, each of at most `maxResults`. */
async function pages<Item>(
  operation: "DescribeImages" | "ListImages",
  items: "imageDetails" | "imageIds",
  input: object,
): Promise<Item[][]> {
  const all: Item[][] = [];
  let nextToken: string | undefined;
  do {
    const more = nextToken === undefined ? {} : { nextToken };
    const answer = await api.ask<Record<string, unknown>>(operation, { ...input, ...more });
    all.push(answer[items] as Item[]);
    nextToken = answer["nextToken"] as string | undefined;
  } while (nextToken !== undefined);
  return all;
}

describe("pages", () => {
  const digests: string[] = [];
  const tagged = (at: number): boolean => at % 3 !== 0;
  test("go from the newest image to the oldest, and lead on while there is more", async () => {
    for (let at = 0; at < 6; at++) {
      const { digest } = await pushImage(berth, "paged", tagged(at) ? `t${at}` : undefined, `paged ${at}`);
      digests.unshift(digest);
    }
    const found = await pages<Detail>("DescribeImages", "imageDetails", {
      repositoryName: "paged",
      maxResults: 2,
    });
    expect(found.map((page) => page.map(({ imageDigest }) => imageDigest))).toEqual([
      digests.slice(0, 2),
      digests.slice(2, 4),
      digests.slice(4),
    ]);
  });

  test.each([
    [
      "TAGGED",
      [
        ["t5", "t4"],
        ["t2", "t1"],
      ],
    ],
    ["UNTAGGED", [[undefined, undefined]]],
  ])("of %s images", async (tagStatus, expected) => {
    const input = { repositoryName: "paged", maxResults: 2, filter: { tagStatus } };
    const found = await pages<Detail>("DescribeImages", "imageDetails", input);
    expect(found.map((page) => page.map(({ imageTags }) => imageTags?.[0]))).toEqual(expected);
  });

  test.each(["ARCHIVED", "ACTIVATING"])("of %s images are empty", async (imageStatus) => {
    const input = { repositoryName: "paged", filter: { imageStatus } };
    expect(await api.ask("DescribeImages", input)).toEqual({ imageDetails: [] });
    expect(await api.ask("ListImages", input)).toEqual({ imageIds: [] });
  });

  test("are of no use with another repository, filter or operation", async () => {
    const { nextToken } = await describeImages("paged", { maxResults: 1 });
    const wrong = invalid("nextToken", "Member must be a token of this very operation");
    for (const [operation, more] of [
      ["DescribeImages", { repositoryName: "named" }],
      ["DescribeImages", { filter: { tagStatus: "TAGGED" } }],
      ["ListImages", {}],
    ] as const) {
      expect(await api.refused(operation, { repositoryName: "paged", nextToken, ...more })).toEqual(wrong);
    }
  });

  test("end early where their images have very many tags", async () => {
    await pushImage(berth, "many-tags", undefined, "many 1");
    await pushImage(berth, "many-tags", undefined, "many 2");
    await pushImage(berth, "many-tags", undefined, "many 3");
    await rowsOf(
      berth,
      `INSERT INTO tags (repository_id, name, manifest_id, revision, updated_at)
        SELECT m.repository_id, m.id || '-' || n, m.id, 1, now()
        FROM manifests m JOIN repositories r ON r.id = m.repository_id, generate_series(1, 6000) AS n
        WHERE r.name = 'many-tags'`,
    );
    const found = await pages<Detail>("DescribeImages", "imageDetails", { repositoryName: "many-tags" });
    expect(found.map((page) => page.map(({ imageTags }) => imageTags?.length))).toEqual([
      [6000, 6000],
      [6000],
    ]);
    const [row] = await rowsOf<Scope & { ids: readonly number[] }>(
      berth,
      `SELECT r.registry_id AS id, array_agg(m.id) AS ids FROM repositories r
        JOIN manifests m ON m.repository_id = r.id WHERE r.name = 'many-tags' GROUP BY 1`,
    );
    if (row === undefined) throw new Error("there are no images");
    const details = (tagsMax: number) =>
      postgresImages(berth.database).details(row, parseRepositoryName("many-tags"), row.ids, tagsMax);
    expect(await details(12_000)).toBe("too many tags");
    expect(await details(12_001)).toHaveLength(3);
  });

  test("show the first 10,000 tags of an image", async () => {
    const { digest } = await pushImage(berth, "most-tags", undefined, "most");
    await rowsOf(
      berth,
      `INSERT INTO tags (repository_id, name, manifest_id, revision, updated_at)
        SELECT m.repository_id, to_char(n, 'FM00000'), m.id, 1, now()
        FROM manifests m JOIN repositories r ON r.id = m.repository_id, generate_series(1, 10001) AS n
        WHERE r.name = 'most-tags'`,
    );
    const { imageTags = [] } = (await detailOf("most-tags", digest)) ?? {};
    expect([imageTags.length, imageTags[0], imageTags.at(-1)]).toEqual([10_000, "00001", "10000"]);
  });

  test("of what is rare look at no more than so many images, and lead on", async () => {
    const oldest = await pushImage(berth, "rare", undefined, "rare");
    await rowsOf(
      berth,
      `WITH made AS (INSERT INTO manifests (repository_id, digest, media_type, size, payload, pushed_at, pushed_by)
          SELECT r.id, decode('01' || lpad(to_hex(n), 64, '0'), 'hex'), 'x/y', 0, '', now(), 'test'
          FROM repositories r, generate_series(1, 5000) AS n WHERE r.name = 'rare' RETURNING repository_id, id)
        INSERT INTO tags (repository_id, name, manifest_id, revision, updated_at)
          SELECT repository_id, 'n' || id, id, 1, now() FROM made`,
    );
    const input = { repositoryName: "rare", filter: { tagStatus: "UNTAGGED" } };
    const described = await pages<Detail>("DescribeImages", "imageDetails", input);
    expect(described.map((page) => page.map(({ imageDigest }) => imageDigest))).toEqual([
      [],
      [oldest.digest],
    ]);
    expect(await pages("ListImages", "imageIds", input)).toEqual([[], [{ imageDigest: oldest.digest }]]);
  });
});

describe("ListImages", () => {
  test("has an entry for each tag, and one for an image without", async () => {
    const first = await pushImage(berth, "listed", "a", "listed 1");
    await pushManifest(berth, "listed", first, "c");
    const bare = await pushImage(berth, "listed", undefined, "listed 2");
    const last = await pushImage(berth, "listed", "b", "listed 3");
    const entries = [
      { imageDigest: last.digest, imageTag: "b" },
      { imageDigest: bare.digest },
      { imageDigest: first.digest, imageTag: "a" },
      { imageDigest: first.digest, imageTag: "c" },
    ];
    const list = (more = {}): Promise<unknown[][]> =>
      pages("ListImages", "imageIds", { repositoryName: "listed", ...more });
    expect(await list()).toEqual([entries]);
    expect(await list({ maxResults: 1 })).toEqual(entries.map((each) => [each]));
    expect(await list({ maxResults: 3 })).toEqual([entries.slice(0, 3), entries.slice(3)]);
    expect(await list({ filter: { tagStatus: "UNTAGGED" } })).toEqual([[entries[1]]]);
    const byTag = [entries[2], entries[0], entries[3]];
    expect(await list({ filter: { tagStatus: "TAGGED" }, maxResults: 2 })).toEqual([
      byTag.slice(0, 2),
      byTag.slice(2),
    ]);
  });

  test("of a repository without images is empty", async () => {
    await api.ask("CreateRepository", { repositoryName: "empty" });
    for (const tagStatus of ["ANY", "TAGGED", "UNTAGGED"]) {
      const input = { repositoryName: "empty", filter: { tagStatus } };
      expect(await api.ask("ListImages", input)).toEqual({ imageIds: [] });
      expect(await api.ask("DescribeImages", input)).toEqual({ imageDetails: [] });
    }
  });
});

const OPERATIONS = ["DescribeImages", "ListImages"] as const;

test.each(OPERATIONS)("%s of a repository that does not exist", async (operation) => {
  const missing = [
    "RepositoryNotFoundException",
    `The repository with name 'absent' does not exist in the registry with id '${ACCOUNT}'`,
  ];
  const repositoryName = "absent";
  for (const filter of [
    {},
    { tagStatus: "TAGGED" },
    { tagStatus: "UNTAGGED" },
    { imageStatus: "ARCHIVED" },
  ]) {
    expect(await api.refused(operation, { repositoryName, filter })).toEqual(missing);
  }
  const imageIds = [{ imageTag: "a" }];
  expect(await api.refused("DescribeImages", { repositoryName, imageIds })).toEqual(missing);
});
