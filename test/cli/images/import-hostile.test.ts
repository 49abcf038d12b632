import { writeFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { OCI_INDEX } from "../../../src/registry/media-types.ts";
import { LayoutBuilder, type TarItem, tarOf } from "../../support/image-tars.ts";
import { useHarness } from "./harness.ts";

const harness = useHarness();

async function refused(tar: Buffer, says: RegExp): Promise<void> {
  const target = `${harness.registry.host}/app:1`;
  await writeFile(harness.path("image.tar"), tar);
  for (const source of [harness.path("image.tar"), "-"]) {
    const ran = await harness.import([source, target], tar);
    expect(ran.errors).toMatch(says);
    expect(ran).toMatchObject({ code: 1, text: "" });
  }
  expect(harness.tags()).toEqual([]);
}

async function layoutOf(name = "app"): Promise<LayoutBuilder> {
  const layout = new LayoutBuilder();
  return layout.root(await layout.image(name));
}

/** The size field of the first header, as GNU tar writes huge numbers, with the checksum made right. */
function withSize(tar: Buffer, size: bigint): Buffer {
  const copy = Buffer.from(tar);
  copy.fill(0, 124, 136);
  copy[124] = 0x80;
  copy.writeBigUInt64BE(size, 128);
  copy.fill(" ", 148, 156);
  const sum = copy.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  copy.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return copy;
}

describe("import refuses", () => {
  it.each<[string, TarItem, RegExp]>([
    [
      "a name that leaves the archive",
      { name: "a/../../etc/passwd", bytes: "x" },
      /"a\/..\/..\/etc\/passwd", which leaves/,
    ],
    ["an absolute name", { name: "/etc/passwd", bytes: "x" }, /which is outside of the archive/],
    ["a link that leaves", { name: "a", type: "symlink", linkname: "../b" }, /which leaves the archive/],
    ["a hard link with ..", { name: "a", type: "link", linkname: "b/../c" }, /which leaves the archive/],
    ["a name that never ends", { name: "a".repeat(5000), bytes: "x" }, /longer than 4096 characters/],
  ])("%s", async (_, item, says) => {
    await refused(await tarOf([item, ...(await layoutOf()).items()]), says);
  });

  it("two entries of one name", async () => {
    const items = (await layoutOf()).items();
    await refused(
      await tarOf([...items, { name: "./index.json", bytes: "{}" }]),
      /two entries named "index.json"/,
    );
  });

  it("links in a circle", async () => {
    const manifest = JSON.stringify([{ Config: "c", Layers: ["a"] }]);
    const config = JSON.stringify({ rootfs: { diff_ids: [`sha256:${"0".repeat(64)}`] } });
    const items: TarItem[] = [
      { name: "a", type: "symlink", linkname: "b" },
      { name: "b", type: "symlink", linkname: "a" },
      { name: "c", bytes: config },
      { name: "manifest.json", bytes: manifest },
    ];
    await refused(await tarOf(items), /links "a" in a circle/);
  });

  it("sizes that cannot be", async () => {
    const tar = await tarOf([{ name: "blobs/sha256/x", bytes: "x".repeat(100) }]);
    await refused(withSize(tar, 1n << 60n), /has no possible size/);
    await refused(withSize(tar, 1n << 40n), /cut short/);
  });

  it("bytes that are not what their name says", async () => {
    const items = (await layoutOf()).items();
    const layer = items.findIndex(({ bytes }) => Buffer.isBuffer(bytes) && bytes[0] === 0x1f);
    const json = items.findIndex(({ name }) => name.startsWith("blobs/"));
    const change = (at: number, bytes: Buffer | string) =>
      items.map((item, i) => (i === at ? { ...item, bytes } : item));
    const size = Buffer.from(items[layer]?.bytes ?? "").length;
    const other = gzipSync("other bytes").subarray(0, size);
    const forged = Buffer.concat([other, Buffer.alloc(size - other.length)]);
    await refused(await tarOf(change(layer, forged)), /has bytes of digest sha256:\w+/);
    await refused(await tarOf(change(json, '{"a":1}')), /has bytes of digest sha256:\w+/);
  });

  it("sizes of descriptors that contradict the bytes", async () => {
    const layout = new LayoutBuilder();
    const image = await layout.image("app");
    await refused(await layout.root({ ...image, size: image.size + 1 }).tar(), /its descriptor says/);
    const index = layout.index([image, { ...image, size: 7 }]);
    const twice = new LayoutBuilder();
    for (const [digest, bytes] of layout.blobs) twice.blobs.set(digest, bytes);
    await refused(await twice.root(index).tar(), /has 7 bytes, another manifest that it has/);
  });

  it("indexes without end", async () => {
    const layout = new LayoutBuilder();
    let part = await layout.image("app");
    for (let depth = 0; depth < 20; depth++) part = layout.index([part]);
    await refused(await layout.root(part).tar(), /more than 16 levels deep/);
  });

  it("an index that says to be its own child", async () => {
    const layout = new LayoutBuilder();
    const name = `sha256:${"1".repeat(64)}`;
    const index = {
      schemaVersion: 2,
      mediaType: OCI_INDEX,
      manifests: [{ mediaType: OCI_INDEX, digest: name, size: 1 }],
    };
    layout.blobs.set(name, Buffer.from(JSON.stringify(index)));
    layout.root({ mediaType: OCI_INDEX, digest: name, size: layout.blobs.get(name)?.length ?? 0 });
    await refused(await layout.tar(), /has bytes of digest/);
  });

  it("more JSON than images have", async () => {
    const filler = (at: number): TarItem => ({
      name: `${at}.json`,
      bytes: Buffer.alloc(4 * 1024 * 1024, `{"${at}`),
    });
    await refused(
      await tarOf(Array.from({ length: 17 }, (_, at) => filler(at))),
      /more than 67108864 bytes of JSON/,
    );
  });

  it("manifests that say two things, or are no JSON", async () => {
    const layout = new LayoutBuilder();
    const bad = layout.blob('{"schemaVersion":2,"schemaVersion":2}', OCI_INDEX);
    await refused(await layout.root(bad).tar(), /appears twice/);
    await refused(await tarOf([{ name: "index.json", bytes: "nonsense" }]), /index.json cannot be read/);
    const layoutItems = (await layoutOf()).items();
    const old = layoutItems.map((item) =>
      item.name === "oci-layout" ? { ...item, bytes: '{"imageLayoutVersion":"2.0"}' } : item,
    );
    await refused(await tarOf(old), /layout of version 2.0/);
  });

  it("a tar that is cut, wherever that is, and tags nothing", async () => {
    const tar = await (await layoutOf()).tar();
    for (const length of [700, tar.length - 2000]) await refused(tar.subarray(0, length), /cut short/);
    const packed = gzipSync(tar);
    await refused(packed.subarray(0, packed.length - 100), /cut short/);
    // Between two entries a cut cannot be seen, except by what is missing.
    await refused(tar.subarray(0, 1024), /index.json.*or is cut short/);
  });

  it("what is no tar", async () => {
    await refused(Buffer.from("hello ".repeat(200)), /damaged, or no tar/);
    await refused(Buffer.alloc(0), /is empty/);
    await refused(Buffer.from("BZh91AY".padEnd(600)), /bzip2 or xz/);
    await refused(await tarOf([{ name: "README", bytes: "hello" }]), /neither index.json/);
  });

  it("a path that cannot be read", async () => {
    const target = `${harness.registry.host}/app:1`;
    expect((await harness.import([harness.path("none.tar"), target])).errors).toMatch(
      /cannot read the tar: ENOENT/,
    );
    expect((await harness.import([harness.folder, target])).errors).toMatch(/is a directory/);
  });
});
