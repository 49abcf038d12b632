import type { Digest } from "../digest.ts";
import type { RepositoryName, Tag } from "../names.ts";
import type { Scope } from "../scope.ts";
import type { ManifestHead } from "./manifest-store.ts";
import type { RepositoryId } from "./repository-store.ts";

/** A manifest of a repository as its list of images shows it. */
export interface ImageDetail {
  /** Grows with the order of first pushes. */
  readonly id: number;
  readonly digest: Digest;
  /** In byte order; of an image with very many the first ones. */
  readonly tags: readonly Tag[];
  /** Bytes of config and layers, each once; of an index those of its largest image. What the repository lacks is not counted. */
  readonly size: number;
  readonly mediaType: string;
  /** `artifactType`, else the media type of the config; undefined for an index. */
  readonly artifactMediaType: string | undefined;
  readonly subject: Digest | undefined;
  /** When the repository got it first. */
  readonly pushedAt: Date;
  /** When somebody pulled it last, as far as that was recorded: up to some hours before. */
  readonly pulledAt: Date | undefined;
}

/** How somebody names an image: by digest, by tag, or by both, which must agree. */
export type ImageReference =
  | { readonly digest: Digest; readonly tag?: Tag }
  | { readonly digest?: Digest; readonly tag: Tag };

/** An image that a reference leads to. */
export interface FoundImage extends ManifestHead {
  readonly id: number;
}

/** What a reference leads to, or why it leads to no image: its tag may point at another one than its digest says. */
export type ImageLookup = FoundImage | "unknown" | "tag elsewhere";

/** Which images of a list are wanted: with a tag, without one, or both. */
export type TagStatus = "TAGGED" | "UNTAGGED" | "ANY";

/** A place in the list of images: before the image `id`, or inside it, after its tag `tag`. */
export interface ImagePlace {
  readonly id: number;
  readonly tag?: string | undefined;
}

/** An image under one of its tags, or an untagged one. */
export interface ImageEntry {
  readonly digest: Digest;
  readonly tag: Tag | undefined;
}

/** A stretch of a list. It may have fewer entries than asked for, even none, and still lead on. */
export interface ImagePage<Item, Next> {
  readonly items: readonly Item[];
  /** Where the next page begins; undefined at the end. */
  readonly next: Next | undefined;
}

/** What repositories hold, for those who look through it. Undefined wherever there is no such repository. */
export interface ImageStore {
  /** Images from the newest to the oldest, those with a smaller id than `before`, at most `limit`. */
  page(
    scope: Scope,
    name: RepositoryName,
    query: { readonly before: number; readonly limit: number; readonly tagStatus: TagStatus },
  ): Promise<ImagePage<ImageDetail, number> | undefined>;
  /** Where each reference leads, in their order. */
  resolve(
    scope: Scope,
    name: RepositoryName,
    references: readonly ImageReference[],
  ): Promise<readonly ImageLookup[] | undefined>;
  /** Which of these images is listed by which other of them: every pair once, `[index, image]`. */
  listings(
    repository: RepositoryId,
    ids: readonly number[],
  ): Promise<readonly (readonly [index: number, image: number])[]>;
  /** The images of these ids that are there, newest first; unless one of them comes behind `tagsMax` tags or more. */
  details(
    scope: Scope,
    name: RepositoryName,
    ids: readonly number[],
    tagsMax: number,
  ): Promise<readonly ImageDetail[] | "too many tags" | undefined>;
  /** Every image under each of its tags, and those without a tag, newest images first, at most `limit` entries. */
  entries(
    scope: Scope,
    name: RepositoryName,
    query: { readonly after: ImagePlace; readonly limit: number },
  ): Promise<ImagePage<ImageEntry, ImagePlace> | undefined>;
  /** Tags and what they point at, by tag after `after` in byte order, at most `limit`. */
  tagged(
    scope: Scope,
    name: RepositoryName,
    query: { readonly after: string; readonly limit: number },
  ): Promise<ImagePage<ImageEntry, string> | undefined>;
  /** Images without a tag, newest first, those with a smaller id than `before`, at most `limit`. */
  untagged(
    scope: Scope,
    name: RepositoryName,
    query: { readonly before: number; readonly limit: number },
  ): Promise<ImagePage<ImageEntry, number> | undefined>;
}
