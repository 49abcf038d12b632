import { writeFile } from "node:fs/promises";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { OCI_MANIFEST } from "../../../src/registry/media-types.ts";
import { LayoutBuilder, type Part } from "../../support/image-tars.ts";
import { useHarness } from "./harness.ts";

const harness = useHarness();
const ARM = { os: "linux", architecture: "arm64" };

async function multiPlatform(layout: LayoutBuilder): Promise<{ index: Part; amd: Part; arm: Part }> {
  const amd = await layout.image("amd");
  const arm = await layout.image("arm", ARM);
  const layer = layout.blob('{"statement":1}', "application/vnd.in-toto+json");
  const config = layout.json({ os: "unknown" }, "application/vnd.oci.image.config.v1+json");
  const attestation = layout.json(
    { schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: [layer] },
    OCI_MANIFEST,
    { platform: { os: "unknown", architecture: "unknown" } },
  );
  return { index: layout.index([amd, arm, attestation]), amd, arm };
}

/** Imports from a file and from a pipe, which must come to the same. */
async function both(tar: Buffer, ...options: string[]) {
  const target = `${harness.registry.host}/team/app:1`;
  await writeFile(harness.path("image.tar"), tar);
  const file = await harness.import([...options, harness.path("image.tar"), target]);
  harness.registry.manifests.clear();
  harness.registry.blobs.clear();
  const chunks = Array.from({ length: Math.ceil(tar.length / 1000) }, (_, at) =>
    tar.subarray(at * 1000, at * 1000 + 1000),
  );
  const pipe = await harness.import([...options, "-", target], chunks);
  expect(pipe.text).toBe(file.text);
  expect(pipe.code).toBe(file.code);
  return pipe;
}

describe("import of an OCI image layout", () => {
  it("pushes an image and prints its pinned reference", async () => {
    const layout = new LayoutBuilder();
    const image = await layout.image("app", undefined, 3);
    const ran = await both(await layout.root(image, "1").tar());
    expect(ran).toMatchObject({ code: 0, text: `${harness.registry.host}/team/app:1@${image.digest}\n` });
    expect(harness.registry.blobs.size).toBe(4);
    expect(harness.registry.manifests.get("team/app:1")?.mediaType).toBe(OCI_MANIFEST);
  });

  it.each([
    ["gzip", gzipSync],
    ["zstd", zstdCompressSync],
  ])("reads a tar packed with %s", async (_, compress) => {
    const layout = new LayoutBuilder();
    const tar = await layout.root(await layout.image("app")).tar();
    expect((await both(compress(tar))).code).toBe(0);
  });

  it("pushes children before parents and the tag last, attestations and nested indexes included", async () => {
    const layout = new LayoutBuilder();
    const { index } = await multiPlatform(layout);
    const outer = layout.index([index]);
    const ran = await both(await layout.root(outer).tar());
    expect(ran.text).toContain(outer.digest);
    const puts = harness.registry.seen.filter(
      ({ method, path }) => method === "PUT" && path.includes("/manifests/"),
    );
    const order = puts.slice(puts.length / 2).map(({ path }) => path.split("/").at(-1));
    expect(order).toHaveLength(5);
    expect(order.at(-1)).toBe("1");
    expect(order.at(-2)).toBe(index.digest);
  });

  it("pushes what an index lists beside manifests as blobs", async () => {
    const layout = new LayoutBuilder();
    const layer = layout.blob(gzipSync("cached"), "application/vnd.oci.image.layer.v1.tar+gzip");
    const config = layout.json({ layers: [] }, "application/vnd.buildkit.cacheconfig.v0");
    const ran = await both(await layout.root(layout.index([layer, config])).tar());
    expect(ran.code).toBe(0);
    expect([...harness.registry.blobs.keys()].sort()).toEqual([layer.digest, config.digest].sort());
  });

  it("takes one platform of an index", async () => {
    const layout = new LayoutBuilder();
    const { index, arm } = await multiPlatform(layout);
    const tar = await layout.root(index).tar();
    expect((await both(tar, "--platform", "linux/arm64")).text).toContain(arm.digest);
    const none = await both(tar, "--platform", "linux/s390x");
    expect(none.code).toBe(1);
    expect(none.errors).toMatch(/no platform linux\/s390x; it has: linux\/amd64, linux\/arm64/);
  });

  it("chooses among several images by name and lists them when it cannot", async () => {
    const layout = new LayoutBuilder();
    const one = await layout.image("one");
    const two = await layout.image("two");
    layout.root(one, "docker.io/library/one:latest").root(two, "two");
    const tar = await layout.tar();
    expect((await both(tar, "--image", "one")).text).toContain(one.digest);
    expect((await both(tar, "--image", "two")).text).toContain(two.digest);
    const unsaid = await both(tar);
    expect(unsaid.code).toBe(1);
    expect(unsaid.errors).toMatch(/choose one by --image:\n {2}docker.io\/library\/one:latest\n {2}two\n/);
    expect((await both(tar, "--image", "three")).errors).toMatch(/holds no image named "three"/);
  });

  it("takes the only one that has a name", async () => {
    const layout = new LayoutBuilder();
    const image = await layout.image("app");
    layout.root(await layout.image("signature")).root(image, "1");
    expect((await both(await layout.tar())).text).toContain(image.digest);
  });

  it("does not send what the registry has", async () => {
    const layout = new LayoutBuilder();
    const image = await layout.image("app", undefined, 2);
    const tar = await layout.root(image).tar();
    await both(tar);
    for (const source of [harness.path("image.tar"), "-"]) {
      harness.registry.seen.length = 0;
      const ran = await harness.import([source, `${harness.registry.host}/team/app:2`], tar);
      expect(ran.code).toBe(0);
      expect(harness.registry.count(/^(POST|PATCH)/)).toBe(0);
      expect(ran.errors.match(/ exists/g)).toHaveLength(3);
    }
  });

  it("refuses an index whose children are nowhere, unless --sparse or the registry has them", async () => {
    const layout = new LayoutBuilder();
    const { index, arm } = await multiPlatform(layout);
    const armBytes = layout.blobs.get(arm.digest) ?? Buffer.alloc(0);
    layout.blobs.delete(arm.digest);
    const tar = await layout.root(index).tar();
    const refused = await both(tar);
    expect(refused.code).toBe(1);
    expect(refused.errors).toMatch(new RegExp(`${arm.digest} \\(linux/arm64\\), a child of ${index.digest}`));
    expect(harness.tags()).toEqual([]);
    const sparse = await both(tar, "--sparse");
    expect(sparse.code).toBe(0);
    expect(sparse.errors).toContain(`left out, since the tar does not hold it: ${arm.digest}`);
    harness.registry.manifests.clear();
    harness.registry.manifests.set(`team/app@${arm.digest}`, { mediaType: OCI_MANIFEST, bytes: armBytes });
    expect(
      (await harness.import([harness.path("image.tar"), `${harness.registry.host}/team/app:1`])).code,
    ).toBe(0);
  });

  it("needs every blob, here or there", async () => {
    const layout = new LayoutBuilder();
    const image = await layout.image("app");
    const layer = [...layout.blobs.keys()].at(1) ?? "";
    layout.blobs.delete(layer);
    const ran = await both(await layout.root(image).tar());
    expect(ran.code).toBe(1);
    expect(ran.errors).toContain(`holds ${layer}, which ${image.digest} needs`);
  });

  it("leaves foreign layers out, and sends them when they are there", async () => {
    const layout = new LayoutBuilder();
    const config = layout.json({}, "application/vnd.oci.image.config.v1+json");
    const type = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip";
    const layer = layout.blob(gzipSync("foreign"), type, { urls: ["https://elsewhere.example/x"] });
    const image = layout.json(
      { schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: [layer] },
      OCI_MANIFEST,
    );
    expect((await both(await layout.root(image).tar())).code).toBe(0);
    expect(harness.registry.blobs.has(layer.digest)).toBe(true);
    layout.blobs.delete(layer.digest);
    const ran = await both(await layout.tar());
    expect(ran.code).toBe(0);
    expect(ran.errors).toContain(`${layer.digest} is left out`);
  });

  it("holds a pinned target to its digest", async () => {
    const layout = new LayoutBuilder();
    const image = await layout.image("app");
    await writeFile(harness.path("a.tar"), await layout.root(image).tar());
    const other = await harness.import([
      harness.path("a.tar"),
      `${harness.registry.host}/a@sha256:${"0".repeat(64)}`,
    ]);
    expect(other.errors).toContain(`the image in the tar has the digest ${image.digest}`);
    const same = await harness.import([harness.path("a.tar"), `${harness.registry.host}/a@${image.digest}`]);
    expect(same.code).toBe(0);
    expect(harness.tags()).toEqual([]);
  });
});
