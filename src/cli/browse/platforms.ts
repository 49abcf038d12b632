import { parseManifest } from "../../registry/manifest.ts";
import { IMAGE_MEDIA_TYPES } from "../../registry/media-types.ts";
import type { EcrApi } from "../ecr-api/client.ts";
import { isIndex } from "../images/manifest-kinds.ts";

/** A part of an image. */
export interface Part {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** An entry of an index. */
export interface PlatformFacts extends Part {
  /** `os/architecture[/variant]`. */
  readonly platform: string | null;
  /** Bytes of config and layers; null where the repository does not have it. */
  readonly imageSize: number | null;
  readonly layers: number | null;
}

/** Images that one call of the API takes. */
const BATCH = 100;

/** What the entries of an index are, as far as the repository has them. */
export async function childImages(
  api: EcrApi,
  repositoryName: string,
  entries: readonly (Part & { readonly platform: string | null })[],
): Promise<readonly PlatformFacts[]> {
  const known = new Map<string, { readonly imageSize: number; readonly layers: number }>();
  const digests = [...new Set(entries.map(({ digest }) => digest))];
  for (let at = 0; at < digests.length; at += BATCH) {
    const imageIds = digests.slice(at, at + BATCH).map((imageDigest) => ({ imageDigest }));
    const { images } = await api.call("BatchGetImage", {
      ...{ repositoryName, imageIds, acceptedMediaTypes: IMAGE_MEDIA_TYPES },
    });
    for (const { imageId, imageManifest, imageManifestMediaType: mediaType = "" } of images ?? []) {
      if (isIndex(mediaType)) continue;
      const { blobs } = parseManifest(Buffer.from(imageManifest ?? ""), mediaType);
      const sizes = new Map(blobs.map(({ digest, size }) => [digest, size]));
      const imageSize = sizes.values().reduce((sum, size) => sum + size, 0);
      known.set(imageId?.imageDigest ?? "", { imageSize, layers: Math.max(0, blobs.length - 1) });
    }
  }
  return entries.map((entry) => ({
    ...entry,
    ...(known.get(entry.digest) ?? { imageSize: null, layers: null }),
  }));
}
