import { RegistryError } from "../errors.ts";
import { MANIFEST_SIZE_MAX } from "../manifest.ts";
import { type ManifestCache, readManifest } from "../manifests/pull.ts";
import type { RepositoryName } from "../names.ts";
import type { FoundImage, RegistryPorts } from "../ports/index.ts";
import type { Scope } from "../scope.ts";
import { findImages } from "./find.ts";
import type { ImageFault, ImageId } from "./image-id.ts";

/** Bytes of the manifests that one call gets: one of the largest, or a hundred of 40 KiB, which hardly an image exceeds. */
export const MANIFESTS_MAX = MANIFEST_SIZE_MAX;

/** What an id was found to name, or why nothing. */
export type GottenImage =
  | { readonly id: ImageId; readonly image: FoundImage; readonly manifest: Buffer }
  | { readonly id: ImageId; readonly fault: ImageFault };

/**
 * The manifests of images, byte for byte, one for each id and in their order.
 * @throws RegistryError NAME_UNKNOWN; IMAGES_TOO_LARGE when they have more than {@link MANIFESTS_MAX} bytes together
 */
export async function batchGetImages(
  ports: Pick<RegistryPorts, "images" | "manifests">,
  cache: ManifestCache,
  scope: Scope,
  name: RepositoryName,
  ids: readonly ImageId[],
): Promise<readonly GottenImage[]> {
  const found = await findImages(ports, scope, name, ids);
  const bytes = found.reduce((sum, { image }) => sum + (typeof image === "string" ? 0 : image.size), 0);
  if (bytes > MANIFESTS_MAX) {
    const message = `One call gets manifests of at most ${MANIFESTS_MAX} bytes together; these have ${bytes}`;
    throw new RegistryError("IMAGES_TOO_LARGE", message, { detail: { max: MANIFESTS_MAX, bytes } });
  }
  return Promise.all(
    found.map(async ({ id, image }): Promise<GottenImage> => {
      if (typeof image === "string") return { id, fault: image };
      try {
        return { id, image, manifest: await readManifest(ports, cache, name, image) };
      } catch (error) {
        // Deleted since it was found.
        if (error instanceof RegistryError && error.reason === "MANIFEST_UNKNOWN")
          return { id, fault: "unknown" };
        throw error;
      }
    }),
  );
}
