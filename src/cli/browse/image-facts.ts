import { type Digest, digestAlgorithm, digestOf, parseDigest } from "../../registry/digest.ts";
import { MANIFEST_SIZE_MAX, type ManifestView, parseManifest } from "../../registry/manifest.ts";
import { IMAGE_MEDIA_TYPES, INDEX_MEDIA_TYPES } from "../../registry/media-types.ts";
import { type EcrApi, EcrError } from "../ecr-api/client.ts";
import { ImageError } from "../images/errors.ts";
import { isConfigOfImage } from "../images/manifest-kinds.ts";
import { formatPlatform, indexEntries, platformOf } from "../images/platform.ts";
import { type JsonObject, parseObject } from "../images/untrusted-json.ts";
import { type ImageRow, imageRowOf } from "./image-row.ts";
import { childImages, type Part, type PlatformFacts } from "./platforms.ts";
import type { ImageId } from "./reference.ts";
import { type Referrer, referrersOf } from "./referrers.ts";

/** Everything about one image, for programs: every member is always there. */
export interface ImageFacts extends ImageRow {
  readonly repository: string;
  /** Entries of an index, in its order; of an image its own platform alone. */
  readonly platforms: readonly PlatformFacts[];
  /** In the order of the manifest; empty for an index. */
  readonly layers: readonly Part[];
  /** Null for an index; `content` is null where it is no image's config, or cannot be had. */
  readonly config: (Part & { readonly content: JsonObject | null }) | null;
  readonly referrers: readonly Referrer[];
  readonly annotations: Readonly<Record<string, string>>;
}

/**
 * Looks an image up. `note` hears what could not be had though the image is there.
 * @throws EcrError where the API refuses
 */
export async function findImage(
  api: EcrApi,
  repositoryName: string,
  id: ImageId,
  note: (text: string) => void,
): Promise<ImageFacts> {
  // Before the manifest is read, which is a pull.
  const { imageDetails } = await api.call("DescribeImages", { repositoryName, imageIds: [id] });
  const [detail] = imageDetails ?? [];
  if (detail === undefined) throw new ImageError("the server described no image");
  const row = imageRowOf(detail);
  const bytes = await manifestOf(api, repositoryName, row.digest);
  const view = parseManifest(bytes, row.mediaType);
  const [config, ...layers] = view.blobs.map(partOf);
  return {
    ...{ repository: repositoryName, ...row, annotations: view.annotations ?? {} },
    platforms: await childImages(api, repositoryName, indexEntriesOf(view, bytes)),
    layers,
    config:
      config === undefined ? null : { ...config, content: await configOf(api, repositoryName, config, note) },
    referrers: await referrersOf(api, repositoryName, row.digest, note),
  };
}

async function manifestOf(api: EcrApi, repositoryName: string, imageDigest: string): Promise<Buffer> {
  const { images, failures } = await api.call("BatchGetImage", {
    ...{ repositoryName, imageIds: [{ imageDigest }] },
    acceptedMediaTypes: [...IMAGE_MEDIA_TYPES, ...INDEX_MEDIA_TYPES],
  });
  const [failure] = failures ?? [];
  if (failure !== undefined) throw new EcrError(failure.failureCode ?? "", failure.failureReason ?? "");
  return verified(Buffer.from(images?.[0]?.imageManifest ?? ""), imageDigest, "manifest");
}

function indexEntriesOf(view: ManifestView, bytes: Buffer) {
  if (view.children.length === 0) return [];
  return indexEntries(bytes, view.mediaType).map((entry) => ({
    ...partOf(entry),
    platform: entry.platform === undefined ? null : formatPlatform(entry.platform),
  }));
}

async function configOf(
  api: EcrApi,
  repositoryName: string,
  { mediaType, digest, size }: Part,
  note: (text: string) => void,
): Promise<JsonObject | null> {
  if (!isConfigOfImage(mediaType)) return null;
  if (size > MANIFEST_SIZE_MAX) {
    note(`the config of ${size} bytes is too large to be shown`);
    return null;
  }
  try {
    const { downloadUrl } = await api.call("GetDownloadUrlForLayer", { repositoryName, layerDigest: digest });
    const bytes = await api.download(downloadUrl ?? "", MANIFEST_SIZE_MAX);
    return parseObject(verified(bytes, digest, "config"), "the image's config");
  } catch (error) {
    if (!(error instanceof EcrError)) throw error;
    note(`the config is not shown: ${error.message}`);
    return null;
  }
}

function verified(bytes: Buffer, digest: string, what: string): Buffer {
  const wanted: Digest = parseDigest(digest);
  if (digestOf(bytes, digestAlgorithm(wanted)) === wanted) return bytes;
  throw new ImageError(`the server sent another ${what} than ${digest}`);
}

function partOf({ mediaType, digest, size }: Part): Part {
  return { mediaType, digest, size };
}

/** The platform that a config says. */
export function platformOfConfig(config: ImageFacts["config"]): string | undefined {
  const platform = platformOf(config?.content);
  return platform === undefined ? undefined : formatPlatform(platform);
}
