import type { Cause } from "../../audit/cause.ts";
import type { Digest } from "../digest.ts";
import { INDEX_MEDIA_TYPES } from "../media-types.ts";
import type { RepositoryName } from "../names.ts";
import type { ImageEntry, RegistryPorts, TagRemoval } from "../ports/index.ts";
import type { Scope } from "../scope.ts";
import { findImages, type Sought } from "./find.ts";
import type { ImageFault, ImageId } from "./image-id.ts";
import { parentsFirst } from "./parents-first.ts";

/** What went because of an id, or why nothing did; `listedBy`: some of the indexes that keep the image. */
export type DeletedImage =
  | { readonly id: ImageId; readonly removed: readonly ImageEntry[] }
  | { readonly id: ImageId; readonly fault: ImageFault | { readonly listedBy: readonly Digest[] } };

type Removed = Exclude<TagRemoval, "unknown" | { readonly listedBy: readonly Digest[] }>;

type Ports = Pick<RegistryPorts, "images" | "manifests" | "clock">;

/**
 * Removes images by digest, and tags by name; with its last tag an image goes as well. Answers come in the order of
 * `ids`, but indexes go before what they list, so that one call can name both. Each id is a transaction of its own: what
 * meets somebody else's change fails alone, and nobody waits for a hundred of them.
 * @throws RegistryError NAME_UNKNOWN
 */
export async function batchDeleteImages(
  ports: Ports,
  scope: Scope,
  name: RepositoryName,
  ids: readonly ImageId[],
  cause: Cause,
): Promise<readonly DeletedImage[]> {
  const sought = await findImages(ports, scope, name, ids);
  const answers: DeletedImage[] = [];
  for (const index of await order(ports, sought)) {
    const each = sought[index];
    if (each !== undefined) answers[index] = await deleteOne(ports, scope, name, each, cause);
  }
  return answers;
}

async function deleteOne(
  { manifests, clock }: Ports,
  scope: Scope,
  name: RepositoryName,
  { id, image, tag }: Sought,
  cause: Cause,
): Promise<DeletedImage> {
  if (typeof image === "string") return { id, fault: image };
  const at = clock.now();
  const removal =
    id.digest === undefined && tag !== undefined
      ? await manifests.removeTag(scope, name, tag, cause, at)
      : await manifests.delete(scope, name, image.digest, cause, at);
  if (removal === "unknown") return { id, fault: "unknown" };
  if ("listedBy" in removal) return { id, fault: removal };
  return { id, removed: entriesOf(removal) };
}

function entriesOf(removal: Removed): readonly ImageEntry[] {
  if ("untagged" in removal) return [{ digest: removal.digest, tag: removal.untagged }];
  const { digest, tags } = removal.removed;
  return tags.length === 0 ? [{ digest, tag: undefined }] : tags.map((tag) => ({ digest, tag }));
}

/** Indices of `sought`: as they are, but every index before what it lists. */
async function order({ images }: Ports, sought: readonly Sought[]): Promise<readonly number[]> {
  const found = sought.flatMap(({ image }) => (typeof image === "string" ? [] : [image]));
  const [first] = found;
  const hasIndex = found.length > 1 && found.some(({ mediaType }) => INDEX_MEDIA_TYPES.includes(mediaType));
  const listings =
    first === undefined || !hasIndex
      ? []
      : await images.listings(first.repositoryId, [...new Set(found.map(({ id }) => id))]);
  return parentsFirst(
    sought.map(({ image }) => (typeof image === "string" ? undefined : image.id)),
    listings,
  );
}
