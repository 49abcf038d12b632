import type { Digest } from "../registry/digest.ts";
import type { StorageClass } from "./policy.ts";

/** One manifest of a repository as rules look at it. Times are milliseconds since 1970. */
export interface ImageFacts {
  /** Id of its manifest: another push of the same bytes after a deletion has another one. */
  readonly id: number;
  readonly digest: Digest;
  /** In byte order. */
  readonly tags: readonly string[];
  readonly pushedAt: number;
  /** The last pull on record; undefined while there is none. */
  readonly pulledAt: number | undefined;
  readonly storageClass: StorageClass;
  /** When it came back from the archive last; undefined if it never was there. */
  readonly activatedAt: number | undefined;
  /** When it went into the archive last; undefined if it never did. */
  readonly archivedAt: number | undefined;
  /** The manifest that it refers to, which the repository need not have. */
  readonly subject: Digest | undefined;
}

/** `image`: an index, what it lists and what refers to them are one image. `strict`: each manifest is one, as ECR has it. */
export type ImageUnit = "image" | "strict";

/** An index lists a manifest: both by their ids. */
export interface Listing {
  readonly index: number;
  readonly listed: number;
}

/** What a repository holds at one moment. */
export interface Snapshot {
  readonly images: readonly ImageFacts[];
  readonly listings: readonly Listing[];
}

/** The moment from which the age of an image counts, for places among others and for `sinceImagePushed`. */
export function bornAt({ activatedAt, pushedAt }: ImageFacts): number {
  return activatedAt ?? pushedAt;
}

/** The last use of an image; one that was never pulled is used by its push, or by its return from the archive. */
export function usedAt(image: ImageFacts): number {
  return Math.max(image.pulledAt ?? image.pushedAt, bornAt(image));
}
