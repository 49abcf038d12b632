import type { RepositoryName } from "../names.ts";
import type { ImageEntry, ImagePage, ImageStore, TagStatus } from "../ports/index.ts";
import { repositoryUnknown } from "../repositories/errors.ts";
import type { Scope } from "../scope.ts";
import { NEWEST } from "./describe.ts";

/** Whose entries are wanted, and from where on: `after` is what the page before said of the next one, or empty. */
export interface ListQuery {
  readonly tagStatus: TagStatus;
  readonly after: string;
  readonly limit: number;
}

/**
 * Every image under each of its tags, and those without a tag: newest images first, or by tag where only tagged ones are
 * wanted. @throws RegistryError NAME_UNKNOWN
 */
export async function listImages(
  { images }: { readonly images: ImageStore },
  scope: Scope,
  name: RepositoryName,
  query: ListQuery,
): Promise<ImagePage<ImageEntry, string>> {
  const page = await LISTS[query.tagStatus](images, scope, name, query);
  if (page === undefined) throw repositoryUnknown(scope.account, name);
  return page;
}

type List = (
  images: ImageStore,
  scope: Scope,
  name: RepositoryName,
  query: Omit<ListQuery, "tagStatus">,
) => Promise<ImagePage<ImageEntry, string> | undefined>;

const LISTS: Readonly<Record<TagStatus, List>> = {
  async ANY(images, scope, name, { after, limit }) {
    // No tag holds a blank.
    const [id = "", tag] = after.split(" ");
    const place = { id: after === "" ? NEWEST : Number(id), tag };
    const page = await images.entries(scope, name, { after: place, limit });
    return page && written(page, (next) => [next.id, next.tag].join(" ").trimEnd());
  },
  TAGGED: (images, scope, name, query) => images.tagged(scope, name, query),
  async UNTAGGED(images, scope, name, { after, limit }) {
    const before = after === "" ? NEWEST : Number(after);
    const page = await images.untagged(scope, name, { before, limit });
    return page && written(page, String);
  },
};

function written<Item, Next>(
  { items, next }: ImagePage<Item, Next>,
  write: (next: Next) => string,
): ImagePage<Item, string> {
  return { items, next: next === undefined ? undefined : write(next) };
}
