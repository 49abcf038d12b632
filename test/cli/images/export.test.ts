import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { connect } from "../../../src/cli/images/client/registry-client.ts";
import { exportImage } from "../../../src/cli/images/index.ts";
import { parseReference } from "../../../src/cli/images/reference.ts";
import { OCI_INDEX, OCI_MANIFEST } from "../../../src/registry/media-types.ts";
import { dockerArchive, LayoutBuilder, type Part, tarOf, untar } from "../../support/image-tars.ts";
import { MemoryRegistry } from "../../support/memory-registry.ts";
import { useHarness } from "./harness.ts";

const harness = useHarness();
const ARM = { os: "linux", architecture: "arm64" };
const HERE = { os: "linux", architecture: process.arch === "x64" ? "amd64" : process.arch };

/** Puts a layout's root into the registry as app:1. */
function publish(layout: LayoutBuilder, root: Part): void {
  const { blobs, manifests } = harness.registry;
  for (const [digest, bytes] of layout.blobs) {
    const mediaType = /"mediaType":"(application\/vnd.oci.image.(?:manifest|index)[^"]*)"/.exec(
      bytes.toString(),
    )?.[1];
    if (mediaType === undefined) blobs.set(digest, bytes);
    else manifests.set(`app@${digest}`, { mediaType: JSON.parse(bytes.toString()).mediaType, bytes });
  }
  const found = manifests.get(`app@${root.digest}`);
  if (found !== undefined) manifests.set("app:1", found);
}

const reference = () => `${harness.registry.host}/app:1`;
const json = (files: Map<string, Buffer>, name: string) => JSON.parse(files.get(name)?.toString() ?? "null");
const readTar = async (name = "out.tar") => untar(await readFile(harness.path(name)));

async function image(layers = 2): Promise<{ layout: LayoutBuilder; root: Part }> {
  const layout = new LayoutBuilder();
  const root = await layout.image("app", HERE, layers);
  publish(layout, root);
  return { layout, root };
}

describe("export", () => {
  it("writes a layout that is a docker-archive too", async () => {
    const { layout, root } = await image();
    const ran = await harness.export([reference(), harness.path("out.tar")]);
    expect(ran).toMatchObject({ code: 0, text: `${reference()}@${root.digest}\n` });
    const files = await readTar();
    expect(json(files, "oci-layout")).toEqual({ imageLayoutVersion: "1.0.0" });
    expect(json(files, "index.json").manifests).toEqual([
      {
        ...{ mediaType: OCI_MANIFEST, digest: root.digest, size: root.size },
        annotations: { "io.containerd.image.name": reference(), "org.opencontainers.image.ref.name": "1" },
      },
    ]);
    const [docker] = json(files, "manifest.json");
    expect(docker.RepoTags).toEqual([reference()]);
    for (const name of [docker.Config, ...docker.Layers]) expect(files.has(name)).toBe(true);
    for (const [digest, bytes] of layout.blobs) {
      expect(files.get(`blobs/${digest.replace(":", "/")}`)?.equals(bytes)).toBe(true);
    }
    expect(files.size).toBe(layout.blobs.size + 3);
    expect(await readdir(harness.folder)).toEqual(["out.tar"]);
  });

  it("writes the same bytes to stdout, and the reference to stderr", async () => {
    await image();
    await harness.export([reference(), harness.path("out.tar")]);
    const ran = await harness.export([reference(), "-"]);
    expect(ran.out.equals(await readFile(harness.path("out.tar")))).toBe(true);
    expect(ran.errors).toContain(`${reference()}@sha256:`);
  });

  it("is what import reads", async () => {
    const { root } = await image();
    const { out } = await harness.export([reference(), "-"]);
    const back = await harness.import(["-", `${harness.registry.host}/copy:1`], out);
    expect(back.text).toBe(`${harness.registry.host}/copy:1@${root.digest}\n`);
  });

  it("writes whole indexes, with the docker image of this platform", async () => {
    const layout = new LayoutBuilder();
    const other = await layout.image("other", { os: "linux", architecture: "s390x" });
    const here = await layout.image("here", HERE);
    const nested = layout.index([other, here]);
    const root = layout.index([nested, other]);
    publish(layout, root);
    expect((await harness.export([reference(), harness.path("out.tar")])).code).toBe(0);
    const files = await readTar();
    expect(json(files, "index.json").manifests[0]).toMatchObject({
      mediaType: OCI_INDEX,
      digest: root.digest,
    });
    expect([...layout.blobs.keys()].every((digest) => files.has(`blobs/${digest.replace(":", "/")}`))).toBe(
      true,
    );
    const config = json(files, json(files, "manifest.json")[0].Config);
    expect(config).toMatchObject(HERE);
  });

  it("writes one platform, or says which there are", async () => {
    const layout = new LayoutBuilder();
    const arm = await layout.image("arm", ARM);
    const root = layout.index([await layout.image("s390x", { os: "linux", architecture: "s390x" }), arm]);
    publish(layout, root);
    const ran = await harness.export(["--platform", "linux/arm64", reference(), harness.path("out.tar")]);
    expect(ran.text).toBe(`${reference()}@${arm.digest}\n`);
    const files = await readTar();
    expect(files.size).toBe(3 + 3);
    expect(json(files, json(files, "manifest.json")[0].Config)).toMatchObject(ARM);
    const none = await harness.export(["--platform", "linux/mips", reference(), harness.path("x.tar")]);
    expect(none.errors).toMatch(/no platform linux\/mips; it has: linux\/s390x, linux\/arm64/);
  });

  it("writes artifacts, without a docker image, and says so", async () => {
    const layout = new LayoutBuilder();
    const config = layout.blob("{}", "application/vnd.oci.empty.v1+json");
    const layer = layout.blob("sbom", "application/spdx+json");
    const body = {
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      artifactType: "application/spdx+json",
      config,
      layers: [layer],
    };
    const root = layout.json(body, OCI_MANIFEST);
    publish(layout, root);
    const ran = await harness.export([reference(), harness.path("out.tar")]);
    expect(ran.code).toBe(0);
    expect(ran.errors).toContain("docker load may refuse");
    expect((await readTar()).has("manifest.json")).toBe(false);
  });

  it("leaves out foreign layers that the registry does not have", async () => {
    const layout = new LayoutBuilder();
    const config = layout.json({ ...HERE }, "application/vnd.oci.image.config.v1+json");
    const type = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";
    const layer = layout.blob("foreign", type, { urls: ["https://elsewhere.example/x"] });
    const root = layout.json(
      { schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: [layer] },
      OCI_MANIFEST,
    );
    publish(layout, root);
    harness.registry.blobs.delete(layer.digest);
    const ran = await harness.export([reference(), harness.path("out.tar")]);
    expect(ran.errors).toContain(`${layer.digest} is left out`);
    expect([...(await readTar()).keys()].filter((name) => name.startsWith("blobs/"))).toHaveLength(2);
  });

  it("needs every child, unless --sparse", async () => {
    const layout = new LayoutBuilder();
    const arm = await layout.image("arm", ARM);
    publish(layout, layout.index([await layout.image("here", HERE), arm]));
    harness.registry.manifests.delete(`app@${arm.digest}`);
    const refused = await harness.export([reference(), harness.path("out.tar")]);
    expect(refused.errors).toContain(`${arm.digest}, a child of`);
    expect((await harness.export(["--sparse", reference(), harness.path("out.tar")])).code).toBe(0);
  });

  it("leaves nothing when it fails, and an older file as it was", async () => {
    const { layout, root } = await image();
    await writeFile(harness.path("out.tar"), "older");
    const layer = layout.blobs
      .keys()
      .find((digest) => digest !== root.digest && layout.blobs.get(digest)?.[0] === 0x1f);
    const bytes = layout.blobs.get(layer ?? "") ?? Buffer.alloc(0);
    const wrong: [Buffer, RegExp][] = [
      [Buffer.alloc(bytes.length), /sent bytes of digest sha256:/],
      [Buffer.concat([bytes, bytes]), /more than the \d+ bytes/],
      [bytes.subarray(1), /broke 3 times/],
    ];
    for (const [body, says] of wrong) {
      harness.registry.faults = [{ on: new RegExp(`^GET .*${layer}`), body }];
      const ran = await harness.export([reference(), harness.path("out.tar")]);
      expect(ran).toMatchObject({ code: 1, text: "" });
      expect(ran.errors).toMatch(says);
      expect(await readFile(harness.path("out.tar"), "utf8")).toBe("older");
      expect(await readdir(harness.folder)).toEqual(["out.tar"]);
    }
  });

  it("takes a broken transfer up where it broke, twice", async () => {
    const { items, layers } = await dockerArchive("app:1", ["tar"]);
    const layer = layers[0] ?? Buffer.alloc(0);
    await harness.import(["-", reference()], await tarOf(items));
    const on = /^GET .*blobs/;
    for (const ignoreRange of [false, true]) {
      Object.assign(harness.registry, {
        ignoreRange,
        faults: [
          { on, times: 2, cutAfter: 300 },
          { on, times: 1 },
        ],
      });
      harness.registry.seen.length = 0;
      const ran = await harness.export([reference(), harness.path("out.tar")]);
      expect(ran.code).toBe(0);
      expect(harness.registry.seen.filter(({ range }) => range !== undefined).length).toBeGreaterThan(0);
      expect([...(await readTar()).values()].some((bytes) => bytes.equals(layer))).toBe(true);
    }
    Object.assign(harness.registry, { ignoreRange: false, faults: [{ on, cutAfter: 10 }] });
    expect((await harness.export([reference(), harness.path("out.tar")])).errors).toMatch(/broke 3 times/);
  });

  it("follows redirects and leaves the password behind", async () => {
    const { layout } = await image();
    const storage = await new MemoryRegistry().listen();
    try {
      for (const bytes of layout.blobs.values()) storage.addBlob(bytes);
      harness.registry.basic = "KEY:secret";
      harness.registry.redirectTo = `http://${storage.host}`;
      Object.assign(harness.env, { BERTH_ACCESS_KEY_ID: "KEY", BERTH_SECRET_ACCESS_KEY: "secret" });
      expect((await harness.export([reference(), harness.path("out.tar")])).code).toBe(0);
      expect(storage.seen.length).toBe(3);
      expect(storage.seen.every(({ authorization }) => authorization === undefined)).toBe(true);
      harness.registry.redirectTo = `http://${harness.registry.host}`;
      expect((await harness.export([reference(), harness.path("out.tar")])).errors).toMatch(
        /redirects .* more than 5 times/,
      );
    } finally {
      await storage.close();
    }
  });

  it("refuses places that no file can be put at", async () => {
    await image();
    await mkdir(harness.path("folder"));
    expect((await harness.export([reference(), harness.path("folder")])).errors).toMatch(/is a directory/);
    expect((await harness.export([reference(), "/dev/null"])).errors).toMatch(/no ordinary file/);
    expect((await harness.export([reference(), harness.path("none/out.tar")])).errors).toMatch(/ENOENT/);
  });

  it("stops when it is told to", async () => {
    await image();
    const source = parseReference(reference());
    const client = await connect({ ...source, access: "pull" });
    const options = { source, client, destination: harness.path("out.tar"), signal: AbortSignal.abort() };
    await expect(exportImage(options)).rejects.toThrow("interrupted");
    client.close();
    expect(await readdir(harness.folder)).toEqual([]);
  });

  it("says what the registry does not have", async () => {
    const ran = await harness.export([reference(), harness.path("out.tar")]);
    expect(ran.errors).toMatch(/answered 404 to the GET of the manifest 1: MANIFEST_UNKNOWN/);
  });
});
