import { type Descriptor, parseManifest } from "../../../registry/manifest.ts";
import { ImageError } from "../errors.ts";
import { DEPTH_MAX } from "../limits.ts";
import { isIndex } from "../manifest-kinds.ts";
import {
  formatPlatform,
  type IndexEntry,
  indexEntries,
  matches,
  type Platform,
  platformOf,
} from "../platform.ts";
import { parseObject, stringOf } from "../untrusted-json.ts";
import type { Catalog } from "./catalog.ts";
import { chooseImage, type Named } from "./choose.ts";

const NAME_ANNOTATIONS = ["io.containerd.image.name", "org.opencontainers.image.ref.name"];

/** What `index.json` of a layout offers under a name, narrowed to a platform when one is asked for. */
export function chooseOciRoot(
  catalog: Catalog,
  index: Buffer,
  image: string | undefined,
  platform: Platform | undefined,
): Descriptor {
  checkLayout(catalog);
  const mediaType = stringOf(parseObject(index, "index.json"), "mediaType");
  const root = chooseImage(indexEntries(index, mediaType).map(named), image);
  return platform === undefined ? root : ofPlatform(catalog, root, platform);
}

function named(entry: IndexEntry): Named<IndexEntry> {
  const names = NAME_ANNOTATIONS.flatMap((key) => stringOf(entry.annotations, key) ?? []);
  return { names, identity: entry.digest, value: entry };
}

function checkLayout(catalog: Catalog): void {
  const json = catalog.file("oci-layout")?.json;
  const version =
    json === undefined ? "1.0.0" : stringOf(parseObject(json, "oci-layout"), "imageLayoutVersion");
  if (version?.startsWith("1.") !== true) {
    throw new ImageError(`the tar is an image layout of version ${version ?? "unknown"}; this reads 1.0.0`);
  }
}

function ofPlatform(catalog: Catalog, root: Descriptor, wanted: Platform): Descriptor {
  const offered: string[] = [];
  const search = (descriptor: Descriptor, depth: number): Descriptor | undefined => {
    const json = catalog.blob(descriptor.digest)?.json;
    if (json === undefined || depth > DEPTH_MAX) return undefined;
    if (!isIndex(descriptor.mediaType)) {
      const found = configPlatform(catalog, descriptor, json);
      if (found !== undefined) offered.push(formatPlatform(found));
      return found !== undefined && matches(wanted, found) ? descriptor : undefined;
    }
    for (const entry of indexEntries(json, descriptor.mediaType)) {
      if (entry.platform === undefined) {
        const found = search(entry, depth + 1);
        if (found !== undefined) return found;
      } else {
        if (matches(wanted, entry.platform)) return entry;
        offered.push(formatPlatform(entry.platform));
      }
    }
    return undefined;
  };
  const found = search(root, 0);
  if (found !== undefined) return found;
  const list = [...new Set(offered)].join(", ") || "none";
  throw new ImageError(`the image has no platform ${formatPlatform(wanted)}; it has: ${list}`);
}

function configPlatform(catalog: Catalog, { mediaType }: Descriptor, manifest: Buffer): Platform | undefined {
  const [config] = parseManifest(manifest, mediaType).blobs;
  const json = config === undefined ? undefined : catalog.blob(config.digest)?.json;
  return json === undefined ? undefined : platformOf(parseObject(json, "the image's config"));
}
