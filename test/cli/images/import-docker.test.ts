import { writeFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { DOCKER_MANIFEST } from "../../../src/registry/media-types.ts";
import { type DockerArchive, dockerArchive, LayoutBuilder, sha256, tarOf } from "../../support/image-tars.ts";
import { type Ran, useHarness } from "./harness.ts";

const harness = useHarness();

async function run(items: DockerArchive["items"], ...options: string[]): Promise<{ file: Ran; pipe: Ran }> {
  const tar = await tarOf(items);
  await writeFile(harness.path("image.tar"), tar);
  const target = `${harness.registry.host}/app:1`;
  const file = await harness.import([...options, harness.path("image.tar"), target]);
  harness.registry.blobs.clear();
  const pipe = await harness.import([...options, "-", target], tar);
  expect(pipe.code).toBe(file.code);
  expect(pipe.text).toBe(file.text);
  return { file, pipe };
}

function replace(items: DockerArchive["items"], name: RegExp, bytes: (old: string) => Buffer | string) {
  return items.map((item) => (name.test(item.name) ? { ...item, bytes: bytes(String(item.bytes)) } : item));
}

describe("import of a docker-archive", () => {
  it("makes a schema 2 manifest of layers as they are", async () => {
    const { items, config, layers } = await dockerArchive("app:1", ["tar", "gzip"]);
    const { pipe } = await run(items);
    expect(pipe.code).toBe(0);
    const manifest = harness.manifest("app:1");
    expect(manifest).toMatchObject({
      mediaType: DOCKER_MANIFEST,
      config: { mediaType: "application/vnd.docker.container.image.v1+json", digest: sha256(config) },
      layers: layers.map((layer, at) => ({
        mediaType: `application/vnd.docker.image.rootfs.diff.tar${at === 1 ? ".gzip" : ""}`,
        digest: sha256(layer),
        size: layer.length,
      })),
    });
    expect(harness.registry.blobs.size).toBe(3);
  });

  it("makes an OCI manifest when a layer is packed with zstd", async () => {
    const { items } = await dockerArchive("app:1", ["tar", "zstd"]);
    await run(items);
    expect(harness.manifest("app:1").layers.map(({ mediaType }) => mediaType)).toEqual([
      "application/vnd.oci.image.layer.v1.tar",
      "application/vnd.oci.image.layer.v1.tar+zstd",
    ]);
  });

  it("follows links of repeated layers", async () => {
    const { items, layers } = await dockerArchive("app:1", ["tar"]);
    const diffIds = [
      sha256(layers[0] ?? Buffer.alloc(0)),
      sha256(layers[0] ?? Buffer.alloc(0)),
      sha256(layers[0] ?? Buffer.alloc(0)),
    ];
    const config = JSON.stringify({ rootfs: { diff_ids: diffIds } });
    const manifest = JSON.stringify([
      { Config: "config.json", RepoTags: null, Layers: ["00000000/layer.tar", "a/layer.tar", "b/layer.tar"] },
    ]);
    const linked = [
      { name: "a/layer.tar", type: "symlink" as const, linkname: "../00000000/layer.tar" },
      ...items.filter(({ name }) => name.startsWith("00000000")),
      { name: "b/layer.tar", type: "link" as const, linkname: "00000000/layer.tar" },
      { name: "config.json", bytes: config },
      { name: "manifest.json", bytes: manifest },
    ];
    expect((await run(linked)).pipe.code).toBe(0);
    expect(harness.manifest("app:1").layers).toHaveLength(3);
    expect(harness.registry.blobs.size).toBe(2);
  });

  it("takes names such as <hex>.tar, and sends from a file only what is missing", async () => {
    const { items, layers } = await dockerArchive("app:1", ["tar", "tar"]);
    harness.registry.addBlob(layers[0] ?? Buffer.alloc(0));
    const renamed = replace(items, /^manifest/, (old) => old.replaceAll("/layer.tar", ".tar")).map(
      (item) => ({
        ...item,
        name: item.name.replace("/layer.tar", ".tar"),
      }),
    );
    await writeFile(harness.path("image.tar"), await tarOf(renamed));
    const ran = await harness.import([harness.path("image.tar"), `${harness.registry.host}/app:1`]);
    expect(ran.code).toBe(0);
    expect(harness.registry.count(/^PATCH/)).toBe(2);
  });

  it("prefers the OCI index of a tar that has both", async () => {
    const layout = new LayoutBuilder();
    const image = await layout.image("app");
    const { items } = await dockerArchive("app:1");
    const { pipe } = await run([...items, ...layout.root(image).items()]);
    expect(pipe.text).toContain(image.digest);
  });

  it("chooses by RepoTags", async () => {
    const one = await dockerArchive("one:1");
    const manifest = JSON.parse(String(one.items.at(-1)?.bytes));
    const two = { ...manifest[0], RepoTags: ["two:latest"], Config: "other.json" };
    const items = [
      ...one.items.slice(0, -1),
      { name: "other.json", bytes: `${one.config} ` },
      { name: "manifest.json", bytes: JSON.stringify([...manifest, two]) },
    ];
    expect((await run(items)).file.errors).toMatch(/several images.*\n {2}one:1\n {2}two:latest/);
    expect((await run(items, "--image", "one:1")).file.code).toBe(0);
    expect((await run(items, "--image", "two")).file.code).toBe(0);
  });

  it.each(["tar", "gzip", "zstd"] as const)(
    "refuses a %s layer that is not what the config says",
    async (form) => {
      const { items } = await dockerArchive("app:1", [form]);
      const other = (await dockerArchive("other:1", [form])).layers[0] ?? "";
      const { file, pipe } = await run(replace(items, /layer\.tar$/, () => other));
      expect(file.code).toBe(1);
      expect(file.errors).toMatch(/has bytes of digest|unpacks to bytes of digest/);
      expect(pipe.errors).toMatch(/unpacks to bytes of digest .* but the config says/);
      expect(harness.tags()).toEqual([]);
    },
  );

  it("refuses a packed layer that is damaged", async () => {
    const { items, layers } = await dockerArchive("app:1", ["gzip"]);
    const damaged = Buffer.from(layers[0] ?? "");
    damaged.fill(0, 20, 40);
    const { pipe } = await run(replace(items, /layer\.tar$/, () => damaged));
    expect(pipe.errors).toMatch(/the layer "00000000\/layer.tar" cannot be unpacked/);
  });

  it.each([
    [
      "a config named after other bytes",
      /^[0-9a-f]{64}\.json$/,
      (old: string) => `${old} `,
      /config ".*" has bytes of digest/,
    ],
    [
      "another number of layers",
      /^manifest/,
      (old: string) => old.replace(/,"1{8}\/layer.tar"/, ""),
      /2 diff_ids, but manifest.json 1 layers/,
    ],
    [
      "a layer that is not there",
      /^manifest/,
      (old: string) => old.replace("11111111", "x"),
      /does not hold the layer "x\/layer.tar"/,
    ],
    [
      "a config that is not there",
      /^manifest/,
      (old: string) => old.replace(/"Config":"/, '"Config":"x'),
      /does not hold the config/,
    ],
    ["a manifest.json of another shape", /^manifest/, () => '{"a":1}', /not an array/],
    ["a manifest.json without layers", /^manifest/, () => '[{"Config":"x"}]', /needs a Config and Layers/],
  ])("refuses %s", async (_, name, bytes, says) => {
    const { items } = await dockerArchive("app:1");
    const { file } = await run(replace(items, name, bytes));
    expect(file.code).toBe(1);
    expect(file.errors).toMatch(says);
  });
});
