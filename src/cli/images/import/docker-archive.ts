import { type Digest, digestOf, parseDigest } from "../../../registry/digest.ts";
import { ImageError, quote } from "../errors.ts";
import { formatPlatform, matches, type Platform, platformOf } from "../platform.ts";
import { isObject, type JsonObject, parseJson, parseObject, stringOf, stringsOf } from "../untrusted-json.ts";
import type { Catalog } from "./catalog.ts";
import { chooseImage, type Named } from "./choose.ts";
import type { Compression } from "./compression.ts";

export interface DockerLayer {
  /** The file behind links. */
  readonly name: string;
  readonly size: number;
  readonly compression: Compression;
  /** Digest of the uncompressed layer, by the config. */
  readonly diffId: Digest;
}

/** One image of a `manifest.json`. */
export interface DockerImage {
  readonly config: Buffer;
  readonly configDigest: Digest;
  readonly layers: readonly DockerLayer[];
}

interface Entry {
  readonly config: string;
  readonly layers: readonly string[];
}

/** @throws ImageError when the image is not there, or its parts contradict each other */
export function chooseDockerImage(
  catalog: Catalog,
  manifest: Buffer,
  image: string | undefined,
  platform: Platform | undefined,
): DockerImage {
  const json = parseJson(manifest, "manifest.json");
  if (!Array.isArray(json)) throw new ImageError("manifest.json is not an array of images");
  const entry = chooseImage(json.map(readEntry), image);
  const config = catalog.file(normal(entry.config))?.json;
  if (config === undefined) {
    throw new ImageError(`the tar does not hold the config ${quote(entry.config)} that manifest.json names`);
  }
  const configDigest = digestOf(config);
  verifyName(entry.config, configDigest);
  const parsed = parseObject(config, `the config ${quote(entry.config)}`);
  refuseOtherPlatform(parsed, platform);
  return { config, configDigest, layers: layersOf(catalog, entry, diffIdsOf(parsed, entry.config)) };
}

function readEntry(value: unknown, position: number): Named<Entry> {
  const config = isObject(value) ? stringOf(value, "Config") : undefined;
  const layers = isObject(value) ? (value["Layers"] === null ? [] : stringsOf(value, "Layers")) : undefined;
  if (!isObject(value) || config === undefined || layers === undefined) {
    throw new ImageError(`manifest.json[${position}] needs a Config and Layers`);
  }
  return { names: stringsOf(value, "RepoTags") ?? [], identity: config, value: { config, layers } };
}

function layersOf(
  catalog: Catalog,
  { layers, config }: Entry,
  diffIds: readonly Digest[],
): readonly DockerLayer[] {
  if (layers.length !== diffIds.length) {
    throw new ImageError(
      `the config ${quote(config)} has ${diffIds.length} diff_ids, but manifest.json ${layers.length} layers`,
    );
  }
  return diffIds.map((diffId, position) => {
    const path = layers[position] ?? "";
    const name = catalog.resolve(normal(path));
    const file = name === undefined ? undefined : catalog.file(name);
    if (name === undefined || file === undefined) {
      throw new ImageError(`the tar does not hold the layer ${quote(path)} that manifest.json names`);
    }
    if (file.json !== undefined || file.compression === "other") {
      throw new ImageError(`the layer ${quote(path)} is neither a tar nor one packed with gzip or zstd`);
    }
    return { name, size: file.size, compression: file.compression, diffId };
  });
}

function diffIdsOf(config: JsonObject, name: string): readonly Digest[] {
  const rootfs = config["rootfs"];
  const diffIds = isObject(rootfs) ? (stringsOf(rootfs, "diff_ids") ?? []) : [];
  return diffIds.map((text) => {
    const diffId = parseDigest(text);
    // The digests of layers on their way up are sha256, so no other could be compared.
    if (!diffId.startsWith("sha256:"))
      throw new ImageError(`the config ${quote(name)} has diff_ids that are not sha256`);
    return diffId;
  });
}

/** Archives name configs by their digest, some with `sha256:` before or `.json` behind it; `config.json` says nothing. */
function verifyName(name: string, digest: Digest): void {
  const hex = /(?:^|\/)(?:sha256:)?([0-9a-f]{64})(?:\.json)?$/.exec(name)?.[1];
  if (hex !== undefined && `sha256:${hex}` !== digest) {
    throw new ImageError(`the config ${quote(name)} has bytes of digest ${digest}`);
  }
}

function refuseOtherPlatform(config: JsonObject, wanted: Platform | undefined): void {
  const platform = platformOf(config);
  if (wanted === undefined || (platform !== undefined && matches(wanted, platform))) return;
  const found = platform === undefined ? "none" : formatPlatform(platform);
  throw new ImageError(`the image has no platform ${formatPlatform(wanted)}; it has: ${found}`);
}

function normal(name: string): string {
  return name.replace(/^(?:\.\/)+/, "");
}
