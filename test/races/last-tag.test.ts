import { afterAll, afterEach, describe, expect, test, vi } from "vitest";
import { ecrApi } from "../ecr/support/api.ts";
import { COMMIT, lockWaits } from "../support/barrier.ts";
import { ADMINISTRATOR } from "../support/berth.ts";
import { expectAnswer } from "../support/exchange.ts";
import { entry, index } from "../support/manifests.ts";
import { configOf, imageOf, layerOf, pushBlob, pushImage, putManifest } from "../support/push.ts";
import { expectSoundScene, openScene } from "./scene.ts";

vi.mock("../../src/composition/collector.ts", async (original) => ({
  ...(await original<object>()),
  startCollector: () => ({ stop: async () => undefined }),
}));

const scene = await openScene();
const { berth, barriers, other } = scene;
afterAll(() => scene.close());
afterEach(() => expectSoundScene(scene));

const api = ecrApi(berth, ADMINISTRATOR, scene.clock);
const removeTag = (repositoryName: string, imageTag: string): Promise<object> =>
  api.ask("BatchDeleteImage", { repositoryName, imageIds: [{ imageTag }] });
const listed = (repositoryName: string): Promise<object> => api.ask("ListImages", { repositoryName });

describe("the removal of a manifest's last tag meets a PUT", () => {
  // The removal holds the manifest's row and has seen no other tag; a PUT gives the manifest another one.
  // Both win: the PUT waits, finds the manifest gone, and stores it anew.
  // Nobody loses; the image is there under the new tag alone.
  test.each(["manifest_lock_tag", "manifest_parents"])(
    "of another tag, that comes later (%s)",
    async (held) => {
      const name = `last/later-${held}`;
      const { digest } = await pushImage(berth, name, "v1", "later");
      const hold = barriers.hold(held, "after");
      const removal = removeTag(name, "v1");
      await hold.reached;
      const put = putManifest(other, name, imageOf("later"), "v2");
      await lockWaits(berth);
      hold.release();
      expect(await removal).toEqual({ imageIds: [{ imageDigest: digest, imageTag: "v1" }], failures: [] });
      expectAnswer(await put, { status: 201 });
      expect(await listed(name)).toEqual({ imageIds: [{ imageDigest: digest, imageTag: "v2" }] });
    },
  );

  // The PUT has given the manifest another tag and not ended; the removal comes.
  // Both win: the removal waits for the manifest's row, then sees the other tag.
  // Nobody loses; only the tag goes.
  test("of another tag, that came before", async () => {
    const { digest } = await pushImage(berth, "last/before", "v1", "before");
    const hold = barriers.hold(COMMIT);
    const put = putManifest(berth, "last/before", imageOf("before"), "v2");
    await hold.reached;
    const removal = ecrApi(other, ADMINISTRATOR, scene.clock).ask("BatchDeleteImage", {
      repositoryName: "last/before",
      imageIds: [{ imageTag: "v1" }],
    });
    await lockWaits(berth);
    hold.release();
    expectAnswer(await put, { status: 201 });
    expect(await removal).toEqual({ imageIds: [{ imageDigest: digest, imageTag: "v1" }], failures: [] });
    expect(await listed("last/before")).toEqual({ imageIds: [{ imageDigest: digest, imageTag: "v2" }] });
  });

  // The removal has found what the tag points at; a PUT moves the tag before its row is locked.
  // The PUT wins; the removal looks again.
  // The removal takes what the tag points at now, and the image before stays, untagged.
  test("that moves the tag meanwhile", async () => {
    const first = await pushImage(berth, "last/moved", "latest", "first");
    await pushBlob(berth, "last/moved", configOf("second"));
    await pushBlob(berth, "last/moved", layerOf("second"));
    const hold = barriers.hold("manifest_lock_tag");
    const removal = removeTag("last/moved", "latest");
    await hold.reached;
    expectAnswer(await putManifest(other, "last/moved", imageOf("second"), "latest"), { status: 201 });
    hold.release();
    const { digest } = imageOf("second");
    expect(await removal).toEqual({ imageIds: [{ imageDigest: digest, imageTag: "latest" }], failures: [] });
    expect(await listed("last/moved")).toEqual({ imageIds: [{ imageDigest: first.digest }] });
  });

  // The removal has seen that no index lists the manifest; the PUT of an index that lists it comes.
  // The removal wins.
  // The PUT sees MANIFEST_BLOB_UNKNOWN naming the child; there is never an index with a child that is gone.
  test("of an index that lists it", async () => {
    const child = await pushImage(berth, "last/index", "child", "child");
    const hold = barriers.hold(COMMIT);
    const removal = removeTag("last/index", "child");
    await hold.reached;
    const put = putManifest(other, "last/index", index([entry(child)]));
    await lockWaits(berth);
    hold.release();
    expect(await removal).toMatchObject({ failures: [] });
    expectAnswer(await put, { status: 404, code: "MANIFEST_BLOB_UNKNOWN", says: child.digest });
  });
});
