import { LRUCache } from "lru-cache";
import { describe, expect, test } from "vitest";
import { type Digest, digestOf } from "../../../src/registry/digest.ts";
import {
  findManifest,
  type ManifestCache,
  parseReference,
  readManifest,
} from "../../../src/registry/manifests/pull.ts";
import { refusal } from "../refusal.ts";
import { APP, MISSING, manifestStore, SCOPE } from "./registry.ts";

const PAYLOAD = Buffer.from("{}");
const DIGEST = digestOf(PAYLOAD);
const OTHER = digestOf(Buffer.from("other"));

function cache(): ManifestCache {
  return new LRUCache<Digest, Buffer>({ max: 10 });
}

describe("findManifest", () => {
  const manifests = manifestStore({ payloads: [PAYLOAD], tags: { latest: DIGEST } });

  test.each(["latest", DIGEST])("finds by %s", async (reference) => {
    expect(await findManifest({ manifests }, SCOPE, APP, parseReference(reference))).toMatchObject({
      digest: DIGEST,
      size: 2,
    });
  });

  test("refuses a repository that is not there, in ECR's words", async () => {
    await expect(findManifest({ manifests }, SCOPE, MISSING, parseReference("latest"))).rejects.toThrow(
      refusal("NAME_UNKNOWN", 404, "'team/missing' does not exist in the registry with id '123456789012'"),
    );
  });

  test.each([
    ["v2", { tag: "v2" }],
    [OTHER, { digest: OTHER }],
  ])("refuses %s, which is not there, by name", async (reference, detail) => {
    const found = findManifest({ manifests }, SCOPE, APP, parseReference(reference));
    await expect(found).rejects.toThrow(
      refusal("MANIFEST_UNKNOWN", 404, `Requested image not found: team/app has no manifest ${reference}`),
    );
    await expect(found).rejects.toMatchObject({ detail });
  });
});

describe("readManifest", () => {
  test("reads the bytes once and keeps them", async () => {
    const manifests = manifestStore({ payloads: [PAYLOAD] });
    const kept = cache();
    const head = await findManifest({ manifests }, SCOPE, APP, parseReference(DIGEST));
    expect(await readManifest({ manifests }, kept, APP, head)).toEqual(PAYLOAD);
    expect(await readManifest({ manifests }, kept, APP, head)).toEqual(PAYLOAD);
    expect(manifests.asked).toEqual([`payload ${DIGEST}`]);
  });

  test("refuses what was deleted since it was found, and keeps nothing of it", async () => {
    const head = await findManifest(
      { manifests: manifestStore({ payloads: [PAYLOAD] }) },
      SCOPE,
      APP,
      parseReference(DIGEST),
    );
    const kept = cache();
    await expect(readManifest({ manifests: manifestStore({}) }, kept, APP, head)).rejects.toThrow(
      refusal("MANIFEST_UNKNOWN", 404, DIGEST),
    );
    expect(kept.size).toBe(0);
  });
});
