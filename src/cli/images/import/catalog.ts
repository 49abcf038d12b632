import type { Readable } from "node:stream";
import { type Digest, digestAlgorithm, digestOf, parseDigest } from "../../../registry/digest.ts";
import { MANIFEST_SIZE_MAX } from "../../../registry/manifest.ts";
import { type Chunks, collect, peek } from "../chunks.ts";
import { ImageError, quote } from "../errors.ts";
import { JSON_TOTAL_MAX } from "../limits.ts";
import { type Compression, compressionOf, looksLikeTar } from "./compression.ts";
import { readTar, type TarFile } from "./tar-reader.ts";

/** What is known of a file after a scan. */
export interface FileFacts {
  readonly size: number;
  /** Its bytes, when it may be a manifest, a config or an index. */
  readonly json: Buffer | undefined;
  readonly compression: Compression;
}

/** A file that is no JSON, while the scan passes it. */
export interface StreamedFile {
  readonly name: string;
  readonly size: number;
  readonly chunks: Chunks;
  readonly compression: Compression;
  /** From a name like `blobs/sha256/…`. */
  readonly digest: Digest | undefined;
  readonly looksLikeLayer: boolean;
}

const LINKS_MAX = 16;
const LAYER_NAME = /\.(?:tar|tar\.gz|tgz|tar\.zst)$/;
const BLOB_NAME = /^blobs\/([^/]+)\/([^/]+)$/;

/** The names of a tar, and its JSON in memory. */
export class Catalog {
  readonly #files = new Map<string, FileFacts>();
  readonly #links = new Map<string, string>();
  #jsonBytes = 0;

  addLink(name: string, target: string): void {
    this.#refuseTwice(name);
    this.#links.set(name, target);
  }

  /** @throws ImageError when the name is there already, or memory for JSON is used up */
  addFile(name: string, facts: FileFacts): void {
    this.#refuseTwice(name);
    this.#jsonBytes += facts.json?.length ?? 0;
    if (this.#jsonBytes > JSON_TOTAL_MAX) {
      throw new ImageError(`the tar has more than ${JSON_TOTAL_MAX} bytes of JSON: more than images have`);
    }
    this.#files.set(name, facts);
  }

  /** The name of the file behind links, or undefined when there is none. */
  resolve(name: string): string | undefined {
    let current = name;
    for (let links = 0; links <= LINKS_MAX; links++) {
      const target = this.#links.get(current);
      if (target === undefined) return this.#files.has(current) ? current : undefined;
      current = target;
    }
    throw new ImageError(`the tar links ${quote(name)} in a circle`);
  }

  /** Follows links. */
  file(name: string): FileFacts | undefined {
    const resolved = this.resolve(name);
    return resolved === undefined ? undefined : this.#files.get(resolved);
  }

  blob(digest: Digest): FileFacts | undefined {
    return this.#files.get(blobName(digest));
  }

  #refuseTwice(name: string): void {
    if (this.#files.has(name) || this.#links.has(name)) {
      throw new ImageError(`the tar has two entries named ${quote(name)}`);
    }
  }
}

/** Where an OCI image layout keeps a blob (image-layout.md, "Blobs"). */
export function blobName(digest: Digest): string {
  return `blobs/${digest.replace(":", "/")}`;
}

/**
 * Reads a tar from end to end. JSON is kept and, where its name is a digest, verified; every other file is given to
 * `visit`, which may read it.
 */
export async function scan(source: Readable, visit: (file: StreamedFile) => Promise<void>): Promise<Catalog> {
  const catalog = new Catalog();
  for await (const entry of readTar(source)) {
    if (entry.kind === "link") catalog.addLink(entry.name, entry.target);
    else catalog.addFile(entry.name, await readFile(entry, visit));
  }
  return catalog;
}

async function readFile(entry: TarFile, visit: (file: StreamedFile) => Promise<void>): Promise<FileFacts> {
  const { name, size } = entry;
  const { head, chunks } = await peek(entry.chunks, 512);
  const digest = digestInName(name);
  if (size <= MANIFEST_SIZE_MAX && (/^[\s]*\{/.test(head.toString("latin1")) || TOP_LEVEL.has(name))) {
    const json = await collect(chunks);
    if (digest !== undefined) verify(name, json, digest);
    return { size, json, compression: "tar" };
  }
  const compression = compressionOf(head);
  const looksLikeLayer = compression !== "tar" || looksLikeTar(head) || LAYER_NAME.test(name);
  await visit({ name, size, chunks, compression, digest, looksLikeLayer });
  return { size, json: undefined, compression };
}

/** `manifest.json` is an array, so it does not look like a manifest's JSON. */
const TOP_LEVEL = new Set(["manifest.json", "index.json", "oci-layout"]);

function digestInName(name: string): Digest | undefined {
  const [, algorithm, hex] = BLOB_NAME.exec(name) ?? [];
  if (algorithm === undefined) return undefined;
  try {
    return parseDigest(`${algorithm}:${hex}`);
  } catch {
    // Some other file; it is missed only when a manifest names it, and then the message says so.
    return undefined;
  }
}

function verify(name: string, bytes: Buffer, digest: Digest): void {
  const found = digestOf(bytes, digestAlgorithm(digest));
  if (found !== digest) throw new ImageError(`the entry ${quote(name)} has bytes of digest ${found}`);
}
