import { randomBytes } from "node:crypto";
import { afterAll, afterEach, beforeEach, expect, test, vi } from "vitest";
import { layerClient } from "../ecr/support/layers.ts";
import { exchange, expectAnswer } from "../support/exchange.ts";
import { digestOfText } from "../support/manifests.ts";
import { createRepository } from "../support/push.ts";
import { rowsOf } from "../support/rows.ts";
import { expectPulled, expectSoundScene, openScene } from "./scene.ts";

vi.mock("../../src/composition/collector.ts", async (original) => ({
  ...(await original<object>()),
  startCollector: () => ({ stop: async () => undefined }),
}));

const NAME = "race/layers";
// Whoever signs goes by the time that it is.
const scene = await openScene({}, { now: () => new Date() });
const { berth, barriers, other } = scene;
afterAll(() => scene.close());
afterEach(() => expectSoundScene(scene));
await createRepository(berth, NAME);
const [here, there] = [layerClient(berth, NAME), layerClient(other, NAME)];

let content = Buffer.alloc(0);
let digest = "";
let uploadId = "";
beforeEach(async () => {
  content = randomBytes(40);
  digest = digestOfText(content);
  uploadId = await here.begin();
});

const invalidPart = (last?: number) => ({
  __type: "InvalidLayerPartException",
  ...(last === undefined ? {} : { lastValidByteReceived: last }),
});
/** By the registry's rules, which ask for no size of parts. */
const close = async (): Promise<void> => {
  const path = `/v2/${NAME}/blobs/uploads/${uploadId}?digest=${digest}`;
  expectAnswer(await exchange(other, { method: "PUT", path }), { status: 201 });
};
const complete = (of = there) => of.ask("CompleteLayerUpload", { uploadId, layerDigests: [digest] });
const partsOf = async (): Promise<unknown> =>
  (
    await rowsOf<{ count: number }>(
      berth,
      "SELECT (parts->'count')::integer AS count FROM uploads WHERE id = $1",
      [uploadId],
    )
  )[0]?.count;

// Two parts for one range through two nodes, the first of which stalls before it is confirmed.
// The later one wins: it takes the session over.
// The first sees InvalidLayerPartException with the last byte of the winner, and none of its bytes are in the layer.
test.each([0, 15])("two different parts that begin at byte %i", async (start) => {
  if (start > 0) await here.ask("UploadLayerPart", here.part(uploadId, 0, content.subarray(0, start)));
  const hold = barriers.hold("upload_confirm");
  const stalled = here.refused("UploadLayerPart", here.part(uploadId, start, randomBytes(40 - start)));
  await hold.reached;
  await there.ask("UploadLayerPart", there.part(uploadId, start, content.subarray(start)));
  hold.release();
  expect(await stalled).toMatchObject(invalidPart(39));
  expect(await partsOf()).toBe(start > 0 ? 2 : 1);
  await close();
  await expectPulled(berth, `/v2/${NAME}/blobs/${digest}`, content);
});

// The same part twice, because the client gave the first one up and sent it again through the other node.
// The later one wins.
// The first finds that what it wanted is there, and sees success: the part counts once.
test("the same part twice", async () => {
  const hold = barriers.hold("upload_confirm");
  const stalled = here.ask("UploadLayerPart", here.part(uploadId, 0, content));
  await hold.reached;
  await there.ask("UploadLayerPart", there.part(uploadId, 0, content));
  hold.release();
  expect(await stalled).toMatchObject({ lastByteReceived: 39 });
  expect(await partsOf()).toBe(1);
  await complete();
  await expectPulled(berth, `/v2/${NAME}/blobs/${digest}`, content);
});

// The same part twice, where the second one takes the session over and has not been confirmed when the first one looks.
// The second wins.
// The first sees InvalidLayerPartException with what the session holds: sent again it is fine.
test("the same part twice, of which neither is confirmed", async () => {
  const [first, second] = [barriers.hold("upload_confirm"), scene.otherBarriers.hold("upload_confirm")];
  const stalled = here.refused("UploadLayerPart", here.part(uploadId, 0, content));
  await first.reached;
  const winner = there.ask("UploadLayerPart", there.part(uploadId, 0, content));
  await second.reached;
  first.release();
  expect(await stalled).toMatchObject(invalidPart());
  second.release();
  await winner;
  expect(await here.ask("UploadLayerPart", here.part(uploadId, 0, content))).toMatchObject({
    lastByteReceived: 39,
  });
  await complete();
});

// A completion meets a part that has not been confirmed.
// The completion wins, for it takes the session over: the layer is what was confirmed before.
// The part sees UploadNotFoundException.
test("a completion within a part", async () => {
  await here.ask("UploadLayerPart", here.part(uploadId, 0, content));
  const hold = barriers.hold("upload_confirm");
  const stalled = here.refused("UploadLayerPart", here.part(uploadId, 40, randomBytes(10)));
  await hold.reached;
  await complete();
  hold.release();
  expect(await stalled).toMatchObject({ __type: "UploadNotFoundException" });
  await expectPulled(berth, `/v2/${NAME}/blobs/${digest}`, content);
});

// A completion stalls before its commit, and a part takes the session over.
// The part wins: nothing is completed.
// The completion sees InvalidLayerPartException with the last byte that there is.
test("a part within a completion", async () => {
  await here.ask("UploadLayerPart", here.part(uploadId, 0, content));
  const hold = barriers.hold("upload_commit");
  const stalled = here.refused("CompleteLayerUpload", { uploadId, layerDigests: [digest] });
  await hold.reached;
  const more = randomBytes(10);
  await there.ask("UploadLayerPart", there.part(uploadId, 40, more));
  hold.release();
  expect(await stalled).toMatchObject(invalidPart(49));
  expectAnswer(await exchange(other, { path: `/v2/${NAME}/blobs/${digest}` }), { status: 404 });
  content = Buffer.concat([content, more]);
  digest = digestOfText(content);
  await close();
  await expectPulled(berth, `/v2/${NAME}/blobs/${digest}`, content);
});

// The same completion twice, through two nodes.
// One of them ends the session.
// The other finds the session gone and its layer there, and sees success.
test("the same completion twice", async () => {
  await here.ask("UploadLayerPart", here.part(uploadId, 0, content));
  const hold = barriers.hold("upload_commit");
  const stalled = complete(here);
  await hold.reached;
  const completed = await complete();
  hold.release();
  expect(await stalled).toEqual(completed);
});

// Two uploads of one layer are completed at once.
// The first to commit brings the layer.
// The other sees LayerAlreadyExistsException, which clients take for success, and its upload is gone.
test("two uploads of one layer", async () => {
  await here.ask("UploadLayerPart", here.part(uploadId, 0, content));
  const hold = barriers.hold("upload_commit");
  const stalled = here.refused("CompleteLayerUpload", { uploadId, layerDigests: [digest] });
  await hold.reached;
  await there.upload([content], [digest]);
  hold.release();
  expect(await stalled).toMatchObject({ __type: "LayerAlreadyExistsException" });
  expect(await rowsOf(berth, "SELECT 1 FROM uploads WHERE id = $1", [uploadId])).toEqual([]);
  await expectPulled(berth, `/v2/${NAME}/blobs/${digest}`, content);
});

// A part meets the deletion of its repository.
// The deletion wins.
// The part sees RepositoryNotFoundException.
test("a part within the deletion of its repository", async () => {
  await createRepository(berth, "race/deleted");
  const doomed = layerClient(berth, "race/deleted");
  const id = await doomed.begin();
  const hold = barriers.hold("upload_confirm");
  const stalled = doomed.refused("UploadLayerPart", doomed.part(id, 0, content));
  await hold.reached;
  await layerClient(other, "race/deleted").ask("DeleteRepository");
  hold.release();
  expect(await stalled).toMatchObject({ __type: "RepositoryNotFoundException" });
});
