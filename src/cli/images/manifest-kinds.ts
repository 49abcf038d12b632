import type { ManifestView } from "../../registry/manifest.ts";
import { IMAGE_MEDIA_TYPES, INDEX_MEDIA_TYPES } from "../../registry/media-types.ts";

/** Whether a descriptor is a manifest's; anything else in an index (a build cache's layers) is a blob. */
export function isManifest(mediaType: string): boolean {
  return IMAGE_MEDIA_TYPES.includes(mediaType) || isIndex(mediaType);
}

export function isIndex(mediaType: string): boolean {
  return INDEX_MEDIA_TYPES.includes(mediaType);
}

/** Whether a config is an image's and no artifact's. */
export function isConfigOfImage(mediaType: string): boolean {
  return CONFIGS.includes(mediaType);
}

const CONFIGS: readonly string[] = [
  "application/vnd.docker.container.image.v1+json",
  "application/vnd.oci.image.config.v1+json",
];
const LAYER = /^application\/vnd\.(?:docker\.image\.rootfs\.diff|oci\.image\.layer\.v1)\.tar(?:[.+]\w+)?$/;

/** Whether a container can be made of it: no artifact, no attestation, no layer that is fetched from elsewhere. */
export function isOrdinaryImage({ mediaType, blobs }: ManifestView): boolean {
  const [config, ...layers] = blobs;
  return (
    IMAGE_MEDIA_TYPES.includes(mediaType) &&
    config !== undefined &&
    isConfigOfImage(config.mediaType) &&
    layers.every((layer) => LAYER.test(layer.mediaType))
  );
}
