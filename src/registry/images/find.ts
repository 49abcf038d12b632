import type { RepositoryName, Tag } from "../names.ts";
import type { FoundImage, ImageReference, RegistryPorts } from "../ports/index.ts";
import { repositoryUnknown } from "../repositories/errors.ts";
import type { Scope } from "../scope.ts";
import { type ImageFault, type ImageId, readImageId } from "./image-id.ts";

/** An id and what it names, or why it names nothing. */
export interface Sought {
  readonly id: ImageId;
  readonly image: FoundImage | ImageFault;
  /** The tag of the id, where it has one that can be. */
  readonly tag: Tag | undefined;
}

/** Looks for images, each by its own id, in their order. One query. @throws RegistryError NAME_UNKNOWN */
export async function findImages(
  { images }: Pick<RegistryPorts, "images">,
  scope: Scope,
  name: RepositoryName,
  ids: readonly ImageId[],
): Promise<readonly Sought[]> {
  const read = ids.map(readImageId);
  const references = read.filter((each) => typeof each !== "string") as readonly ImageReference[];
  const found = await images.resolve(scope, name, references);
  if (found === undefined) throw repositoryUnknown(scope.account, name);
  let at = 0;
  return ids.map((id, index) => {
    const reference = read[index] ?? "unknown";
    if (typeof reference === "string") return { id, image: reference, tag: undefined };
    return { id, image: found[at++] ?? "unknown", tag: reference.tag };
  });
}
