import { RegistryError } from "../errors.ts";
import type { RepositoryName } from "../names.ts";
import type { ImageDetail, ImagePage, ImageStore, TagStatus } from "../ports/index.ts";
import { repositoryUnknown } from "../repositories/errors.ts";
import type { Scope } from "../scope.ts";
import { findImages } from "./find.ts";
import { ID_RULES, type ImageId } from "./image-id.ts";

interface Ports {
  readonly images: ImageStore;
}

/** Tags that the images of one call have together, about: a hundred images with as many as ECR gives to each. */
const TAGS_MAX = 100_000;

/** Before the newest image: where a list begins. */
export const NEWEST = Number.MAX_SAFE_INTEGER;

/** Images a page at a time, from the newest to the oldest. @throws RegistryError NAME_UNKNOWN */
export async function pageImages(
  { images }: Ports,
  scope: Scope,
  name: RepositoryName,
  query: { readonly before: number; readonly limit: number; readonly tagStatus: TagStatus },
): Promise<ImagePage<ImageDetail, number>> {
  const page = await images.page(scope, name, query);
  if (page === undefined) throw repositoryUnknown(scope.account, name);
  return page;
}

/**
 * Each image once, in the order in which `ids` name them first.
 * @throws RegistryError NAME_UNKNOWN; IMAGE_ID_INVALID; IMAGE_UNKNOWN for the first that is missing, or whose digest and
 *   tag name different images; IMAGES_TOO_LARGE where they have more than {@link TAGS_MAX} tags
 */
export async function describeImages(
  { images }: Ports,
  scope: Scope,
  name: RepositoryName,
  ids: readonly ImageId[],
): Promise<readonly ImageDetail[]> {
  const wanted = new Map<number, ImageId>();
  for (const { id, image } of await findImages({ images }, scope, name, ids)) {
    if (image === "unknown" || image === "tag elsewhere") throw imageUnknown(scope, name, id);
    if (typeof image === "string") throw new RegistryError("IMAGE_ID_INVALID", ID_RULES[image]);
    if (!wanted.has(image.id)) wanted.set(image.id, id);
  }
  const details = await images.details(scope, name, [...wanted.keys()], TAGS_MAX);
  if (details === "too many tags") {
    const message = `One call describes images of at most ${TAGS_MAX} tags together; name fewer of them`;
    throw new RegistryError("IMAGES_TOO_LARGE", message);
  }
  const byId = new Map(details?.map((detail) => [detail.id, detail]));
  return [...wanted].map(([key, id]) => {
    const detail = byId.get(key);
    // Deleted between the two looks.
    if (detail === undefined) throw imageUnknown(scope, name, id);
    return detail;
  });
}

/** ECR's ImageNotFoundException, in its words. */
export function imageUnknown({ account }: Scope, name: string, { digest, tag }: ImageId): RegistryError {
  const id = `{imageDigest:'${digest ?? "null"}', imageTag:'${tag ?? "null"}'}`;
  return new RegistryError(
    "IMAGE_UNKNOWN",
    `The image with imageId ${id} does not exist within the repository with name '${name}' in the registry with id '${account}'`,
    { detail: { digest, tag } },
  );
}
