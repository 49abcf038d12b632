import { expect, test } from "vitest";
import { digestOf } from "../support/crash/pushes.ts";
import { exchange, expectError } from "../support/exchange.ts";
import {
  changeRepository,
  deleteRepository,
  imageOf,
  layerOf,
  openSession,
  pushBlob,
  pushImage,
  putManifest,
} from "../support/push.ts";
import { makeSharedHome, startNodeOn } from "./two-nodes.ts";

test("a change of settings on one node binds the other at once", async () => {
  const { home } = await makeSharedHome("filesystem");
  const [a, b] = [await startNodeOn(home), await startNodeOn(home)];
  await pushImage(a, "app", "latest", "one");
  await pushImage(b, "app", "latest", "two");
  await changeRepository(a, "app", { tagMutability: "IMMUTABLE" });
  expectError(await putManifest(b, "app", imageOf("one"), "latest"), "TAG_INVALID");
  await changeRepository(b, "app", { tagMutability: "MUTABLE" });
  expect((await putManifest(a, "app", imageOf("one"), "latest")).status).toBe(201);

  const lacking = imageOf("three");
  expectError(await putManifest(b, "app", lacking, "sparse"), "MANIFEST_BLOB_UNKNOWN");
  await changeRepository(a, "app", { sparse: true });
  await pushBlob(b, "app", JSON.stringify({ config: "three" }));
  expect((await putManifest(b, "app", lacking, "sparse")).status).toBe(201);
});

test("a repository that one node deletes is gone on the other at once, and its name begins anew", async () => {
  const { home } = await makeSharedHome("filesystem");
  const [a, b] = [await startNodeOn(home), await startNodeOn(home)];
  const old = await pushImage(a, "app", "latest", "old");
  const layer = digestOf(Buffer.from(layerOf("old")));
  const paths = ["manifests/latest", `manifests/${old.digest}`, `blobs/${layer}`, "tags/list"];
  const session = await openSession(b, "app");
  // Whatever a node remembers it remembers now.
  for (const path of paths) expect((await exchange(b, { path: `/v2/app/${path}` })).status).toBe(200);

  await deleteRepository(a, "app");
  for (const path of paths) expectError(await exchange(b, { path: `/v2/app/${path}` }), "NAME_UNKNOWN");
  const late = await exchange(b, { method: "PATCH", path: session, body: "late" });
  expectError(late, "NAME_UNKNOWN");

  await pushImage(b, "app", "latest", "new");
  expect((await exchange(a, { path: "/v2/app/manifests/latest" })).body.equals(imageOf("new").bytes)).toBe(
    true,
  );
  expectError(await exchange(a, { path: `/v2/app/manifests/${old.digest}` }), "MANIFEST_UNKNOWN");
  expectError(await exchange(b, { path: `/v2/app/blobs/${layer}` }), "BLOB_UNKNOWN");
  const resumed = await exchange(a, { method: "PATCH", path: session, body: "late" });
  expectError(resumed, "BLOB_UPLOAD_UNKNOWN");
});
