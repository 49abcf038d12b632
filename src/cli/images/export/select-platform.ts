import { MANIFEST_SIZE_MAX } from "../../../registry/manifest.ts";
import { collect } from "../chunks.ts";
import { downloadBlob } from "../client/blob-download.ts";
import type { RegistryClient } from "../client/registry-client.ts";
import { ImageError } from "../errors.ts";
import { DEPTH_MAX } from "../limits.ts";
import { isIndex, isOrdinaryImage } from "../manifest-kinds.ts";
import { formatPlatform, indexEntries, matches, type Platform, platformOf } from "../platform.ts";
import { parseObject } from "../untrusted-json.ts";
import { type ExportedManifest, type ExportPlan, fetchManifest } from "./export-plan.ts";

/** The manifest of one platform. @throws ImageError listing the platforms that there are */
export async function selectPlatform(
  client: RegistryClient,
  root: ExportedManifest,
  wanted: Platform,
): Promise<ExportedManifest> {
  const offered: string[] = [];
  const found = await search(client, root, wanted, offered, 0);
  if (found !== undefined) return found;
  const list = [...new Set(offered)].join(", ") || "none";
  throw new ImageError(`the image has no platform ${formatPlatform(wanted)}; it has: ${list}`);
}

async function search(
  client: RegistryClient,
  manifest: ExportedManifest,
  wanted: Platform,
  offered: string[],
  depth: number,
): Promise<ExportedManifest | undefined> {
  if (!isIndex(manifest.mediaType)) {
    const platform = await configPlatform(client, manifest);
    if (platform !== undefined) offered.push(formatPlatform(platform));
    return platform !== undefined && matches(wanted, platform) ? manifest : undefined;
  }
  for (const { digest, platform } of indexEntries(manifest.bytes, manifest.mediaType)) {
    if (platform !== undefined) {
      if (matches(wanted, platform)) return fetchManifest(client, digest);
      offered.push(formatPlatform(platform));
    } else if (depth < DEPTH_MAX) {
      const found = await search(client, await fetchManifest(client, digest), wanted, offered, depth + 1);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

async function configPlatform(
  client: RegistryClient,
  { view }: ExportedManifest,
): Promise<Platform | undefined> {
  const [config] = view.blobs;
  if (config === undefined || config.size > MANIFEST_SIZE_MAX || !isOrdinaryImage(view)) return undefined;
  const bytes = await collect(downloadBlob(client, config.digest, config.size));
  return platformOf(parseObject(bytes, "the image's config"));
}

/**
 * The one image that `docker load` gets, since its older store holds no indexes: the exported image, or the child of
 * the index for `wanted`. Undefined when there is no ordinary, complete image.
 */
export function imageForDocker(plan: ExportPlan, wanted: Platform): ExportedManifest | undefined {
  const chosen = isIndex(plan.root.mediaType) ? childFor(plan, plan.root, wanted, 0) : plan.root;
  if (chosen === undefined || !isOrdinaryImage(chosen.view)) return undefined;
  return chosen.view.blobs.every(({ digest }) => plan.blobs.has(digest)) ? chosen : undefined;
}

function childFor(
  plan: ExportPlan,
  index: ExportedManifest,
  wanted: Platform,
  depth: number,
): ExportedManifest | undefined {
  for (const { digest, platform } of indexEntries(index.bytes, index.mediaType)) {
    const child = plan.manifests.get(digest);
    if (child === undefined || depth > DEPTH_MAX) continue;
    if (platform !== undefined && matches(wanted, platform) && !isIndex(child.mediaType)) return child;
    const nested = isIndex(child.mediaType) ? childFor(plan, child, wanted, depth + 1) : undefined;
    if (nested !== undefined) return nested;
  }
  return undefined;
}
