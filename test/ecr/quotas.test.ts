import { afterAll, describe, expect, test } from "vitest";
import { startTestBerth } from "../support/berth.ts";
import { exchange, expectAnswer } from "../support/exchange.ts";
import {
  configOf,
  imageOf,
  layerOf,
  pushBlob,
  pushImage,
  pushManifest,
  putManifest,
} from "../support/push.ts";
import { rowsOf } from "../support/rows.ts";
import { ecrApi } from "./support/api.ts";

const berth = await startTestBerth({
  env: { BERTH_IMAGES_PER_REPOSITORY: "2", BERTH_TAGS_PER_IMAGE: "3" },
});
afterAll(() => berth.stop());
const api = ecrApi(berth);

async function ready(name: string, label: string): Promise<ReturnType<typeof imageOf>> {
  await pushBlob(berth, name, configOf(label));
  await pushBlob(berth, name, layerOf(label));
  return imageOf(label);
}
const put = (repositoryName: string, label: string, imageTag?: string): object => ({
  repositoryName,
  imageManifest: imageOf(label).bytes.toString(),
  ...(imageTag === undefined ? {} : { imageTag }),
});
const exempt = (name: string): Promise<unknown> =>
  rowsOf(berth, `UPDATE repositories SET quota_exempt = true WHERE name = '${name}'`);

describe("images of a repository", () => {
  const full =
    "The repository with name 'full' in registry with id '000000000000' already has the maximum allowed number of images which is '2'";

  test("are refused beyond the quota by either door, and tags of those that are there are not", async () => {
    await pushImage(berth, "full", "a", "a");
    await pushImage(berth, "full", "b", "b");
    const third = await ready("full", "c");
    expectAnswer(await putManifest(berth, "full", third, "c"), { status: 403, code: "DENIED", says: full });
    expect(await api.refused("PutImage", put("full", "c", "c"))).toEqual(["LimitExceededException", full]);
    await pushManifest(berth, "full", imageOf("a"), "a2");
    await api.ask("PutImage", put("full", "b", "b2"));
    expectAnswer(await putManifest(berth, "full", imageOf("a"), "a"), { status: 201 });
  });

  test("fit again when one is gone", async () => {
    await api.ask("BatchDeleteImage", {
      repositoryName: "full",
      imageIds: [{ imageDigest: imageOf("a").digest }],
    });
    await api.ask("PutImage", put("full", "c", "c"));
    expect((await api.refused("PutImage", put("full", "a")))[1]).toBe(full);
  });

  test("are not held to it where there were more before", async () => {
    await ready("full", "d");
    await exempt("full");
    await api.ask("PutImage", put("full", "d"));
  });
});

describe("tags of an image", () => {
  test("are refused beyond the quota by either door, all or none, and moving one to it counts", async () => {
    const { digest } = await pushImage(berth, "tags", "a", "tagged");
    await pushImage(berth, "tags", "moving", "other");
    const says = `The image with digest '${digest}' in the repository with name 'tags' may have at most 3 tags`;
    const path = `/v2/tags/manifests/${digest}?tag=b&tag=c&tag=d`;
    const { mediaType, bytes: body } = imageOf("tagged");
    const headers = { "content-type": mediaType };
    expectAnswer(await exchange(berth, { method: "PUT", path, headers, body }), {
      ...{ status: 403, code: "DENIED", says },
    });
    await api.ask("PutImage", put("tags", "tagged", "b"));
    await api.ask("PutImage", put("tags", "tagged", "c"));
    for (const tag of ["d", "moving"]) {
      expect(await api.refused("PutImage", put("tags", "tagged", tag))).toEqual([
        "LimitExceededException",
        says,
      ]);
    }
    // What points there already is no tag more.
    expectAnswer(await putManifest(berth, "tags", imageOf("tagged"), "a"), { status: 201 });
    const { imageDetails } = await api.ask<{ imageDetails: { imageTags: string[] }[] }>("DescribeImages", {
      ...{ repositoryName: "tags", imageIds: [{ imageTag: "a" }] },
    });
    expect(imageDetails[0]?.imageTags).toEqual(["a", "b", "c"]);
  });

  test("are counted of a new image, too", async () => {
    const { digest, mediaType, bytes: body } = await ready("new-tags", "new");
    const path = `/v2/new-tags/manifests/${digest}?tag=a&tag=b&tag=c&tag=d`;
    const headers = { "content-type": mediaType };
    const answer = await exchange(berth, { method: "PUT", path, headers, body });
    expectAnswer(answer, { status: 403, code: "DENIED" });
    await exempt("new-tags");
    expectAnswer(await exchange(berth, { method: "PUT", path, headers, body }), { status: 201 });
  });
});
