import { createHash } from "node:crypto";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { extract, pack } from "tar-stream";
import { OCI_INDEX, OCI_MANIFEST } from "../../src/registry/media-types.ts";

export interface TarItem {
  readonly name: string;
  readonly bytes?: Buffer | string;
  readonly type?: "file" | "directory" | "symlink" | "link";
  readonly linkname?: string;
}

export interface Blob {
  readonly digest: string;
  readonly size: number;
  readonly bytes: Buffer;
}

export interface Part {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly [field: string]: unknown;
}

export function sha256(bytes: Buffer): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** A tar of these entries, in this order. */
export async function tarOf(items: readonly TarItem[]): Promise<Buffer> {
  const tar = pack();
  for (const { name, bytes = "", type = "file", linkname } of items) {
    const header = { name, type, mtime: new Date(0), ...(linkname === undefined ? {} : { linkname }) };
    if (type === "file") tar.entry(header, bytes);
    else tar.entry(header);
  }
  tar.finalize();
  const chunks: Uint8Array[] = [];
  for await (const chunk of tar as AsyncIterable<Uint8Array>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Names and bytes of a tar. */
export async function untar(tar: Buffer): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  const reader = extract();
  reader.end(tar);
  for await (const entry of reader) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of entry as AsyncIterable<Uint8Array>) chunks.push(chunk);
    if (files.has(entry.header.name)) throw new Error(`${entry.header.name} is there twice`);
    files.set(entry.header.name, Buffer.concat(chunks));
  }
  return files;
}

/** Builds OCI image layouts. */
export class LayoutBuilder {
  readonly blobs = new Map<string, Buffer>();
  readonly roots: Part[] = [];

  blob(bytes: Buffer | string, mediaType: string, more: object = {}): Part {
    const buffer = Buffer.from(bytes);
    const digest = sha256(buffer);
    this.blobs.set(digest, buffer);
    return { mediaType, digest, size: buffer.length, ...more };
  }

  json(value: unknown, mediaType: string, more: object = {}): Part {
    return this.blob(JSON.stringify(value), mediaType, more);
  }

  /** An image of one or more gzip layers. */
  async image(name: string, platform = { os: "linux", architecture: "amd64" }, layers = 1): Promise<Part> {
    const tars = await Promise.all(
      Array.from({ length: layers }, (_, at) => tarOf([{ name: `${name}-${at}`, bytes: name }])),
    );
    const rootfs = { type: "layers", diff_ids: tars.map(sha256) };
    const config = this.json({ ...platform, rootfs }, "application/vnd.oci.image.config.v1+json");
    const parts = tars.map((tar) => this.blob(gzipSync(tar), "application/vnd.oci.image.layer.v1.tar+gzip"));
    const manifest = { schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: parts };
    return this.json(manifest, OCI_MANIFEST, { platform });
  }

  index(manifests: readonly Part[], more: object = {}): Part {
    return this.json({ schemaVersion: 2, mediaType: OCI_INDEX, manifests }, OCI_INDEX, more);
  }

  root(part: Part, refName?: string): this {
    const annotations = refName === undefined ? {} : { "org.opencontainers.image.ref.name": refName };
    this.roots.push({ ...part, annotations });
    return this;
  }

  items(): TarItem[] {
    const index = { schemaVersion: 2, mediaType: OCI_INDEX, manifests: this.roots };
    return [
      ...[...this.blobs].map(([digest, bytes]) => ({ name: `blobs/${digest.replace(":", "/")}`, bytes })),
      { name: "oci-layout", bytes: '{"imageLayoutVersion":"1.0.0"}' },
      { name: "index.json", bytes: JSON.stringify(index) },
    ];
  }

  tar(): Promise<Buffer> {
    return tarOf(this.items());
  }
}

export type LayerForm = "tar" | "gzip" | "zstd";

export interface DockerArchive {
  readonly items: TarItem[];
  readonly config: Buffer;
  /** As they are in the tar. */
  readonly layers: readonly Buffer[];
}

/** What `docker save` of old wrote: one image, `<id>/layer.tar` for each layer. */
export async function dockerArchive(
  tag: string,
  forms: readonly LayerForm[] = ["tar", "tar"],
): Promise<DockerArchive> {
  const plain = await Promise.all(
    forms.map((_, at) => tarOf([{ name: `${tag}/${at}`, bytes: `layer ${at}` }])),
  );
  const layers = plain.map((tar, at) => packed(tar, forms[at] ?? "tar"));
  const config = Buffer.from(
    JSON.stringify({
      os: "linux",
      architecture: "amd64",
      rootfs: { type: "layers", diff_ids: plain.map(sha256) },
    }),
  );
  const configName = `${sha256(config).slice(7)}.json`;
  const names = layers.map((_, at) => `${String(at).repeat(8)}/layer.tar`);
  const manifest = [{ Config: configName, RepoTags: [tag], Layers: names }];
  const items = [
    ...layers.flatMap((bytes, at) => [
      { name: `${String(at).repeat(8)}/VERSION`, bytes: "1.0" },
      { name: `${String(at).repeat(8)}/json`, bytes: '{"id":"x"}' },
      { name: names[at] ?? "", bytes },
    ]),
    { name: configName, bytes: config },
    { name: "manifest.json", bytes: JSON.stringify(manifest) },
  ];
  return { items, config, layers };
}

function packed(tar: Buffer, form: LayerForm): Buffer {
  if (form === "tar") return tar;
  return form === "gzip" ? gzipSync(tar) : zstdCompressSync(tar);
}
