import type { Cause } from "../../audit/cause.ts";
import type { Digest } from "../digest.ts";
import type { ManifestView } from "../manifest.ts";
import type { RepositoryName, Tag } from "../names.ts";
import type { Scope } from "../scope.ts";
import type { RepositoryId } from "./repository-store.ts";

/** What a pull needs beside the bytes. */
export interface ManifestHead {
  readonly repositoryId: RepositoryId;
  readonly digest: Digest;
  readonly mediaType: string;
  readonly size: number;
}

/** `repository: false`: there is no such repository. `manifest` is undefined when the repository does not have it. */
export type ManifestLookup =
  | { readonly repository: false }
  | { readonly repository: true; readonly manifest: ManifestHead | undefined };

/** RFC 9110 conditions on the tag that a PUT names. */
export interface TagConditions {
  /** The tag must point at one of these; `*`: it must exist. */
  readonly ifMatch: readonly string[] | "*" | undefined;
  /** The tag must point at none of these; `*`: it must not exist. */
  readonly ifNoneMatch: readonly string[] | "*" | undefined;
}

/** A manifest that is to be stored, and the tags that are to point at it: all or nothing. */
export interface ManifestPut {
  readonly scope: Scope;
  /** The repository, by name, so that no look-up of it must come before. */
  readonly name: RepositoryName;
  readonly digest: Digest;
  readonly view: ManifestView;
  readonly payload: Buffer;
  readonly tags: readonly Tag[];
  readonly conditions: TagConditions;
  readonly cause: Cause;
  readonly at: Date;
}

/** A manifest that has a subject, as an entry of the list of referrers; `id` grows with the order of pushes. */
export interface ReferrerRow {
  readonly id: number;
  readonly digest: Digest;
  readonly mediaType: string;
  readonly size: number;
  readonly artifactType: string | undefined;
  /** A JSON object of texts, as it was stored: an answer carries it on without reading it. */
  readonly annotationsText: string | undefined;
}

/** What a PUT changed; nothing when it found everything as it wants it. */
export interface ManifestChange {
  /** The repository did not have the manifest. */
  readonly created: boolean;
  /** Tags that did not point at it, in byte order, and what they pointed at; undefined for a new one. */
  readonly moved: readonly { readonly tag: Tag; readonly from: Digest | undefined }[];
}

/** What went: the manifest and, in byte order, the tags that pointed at it. */
export interface RemovedManifest {
  readonly digest: Digest;
  readonly tags: readonly Tag[];
}

/** `listedBy`: some of the indexes that keep the manifest. */
export type ManifestRemoval =
  | { readonly removed: RemovedManifest }
  | "unknown"
  | { readonly listedBy: readonly Digest[] };

/** A tag that went alone, and what it pointed at; or, with the last tag of a manifest, all of it. */
export type TagRemoval = ManifestRemoval | { readonly untagged: Tag; readonly digest: Digest };

/** Manifests and the tags that point at them. Every change is one transaction. */
export interface ManifestStore {
  /** One query. */
  findByTag(scope: Scope, name: RepositoryName, tag: Tag): Promise<ManifestLookup>;
  /** One query. */
  findByDigest(scope: Scope, name: RepositoryName, digest: Digest): Promise<ManifestLookup>;
  /** The bytes, or undefined when the manifest was deleted meanwhile. */
  payload(repositoryId: RepositoryId, digest: Digest): Promise<Buffer | undefined>;
  /**
   * Stores manifest, references, tags and their history together or not at all. Same bytes again: success, and a tag
   * that already points there writes no history. Undefined when there is no such repository.
   * @throws RegistryError NAME_UNKNOWN (repository deleted meanwhile), MANIFEST_BLOB_UNKNOWN or MANIFEST_CHILD_UNKNOWN (detail: every missing
   *   reference),
   *   TAG_IMMUTABLE (the tag points elsewhere), PRECONDITION_FAILED, IMAGES_TOO_MANY,
   *   TAGS_TOO_MANY
   */
  put(put: ManifestPut): Promise<ManifestChange | undefined>;
  /** Removes the manifest with its tags, unless an index lists it. */
  delete(
    scope: Scope,
    name: RepositoryName,
    digest: Digest,
    cause: Cause,
    at: Date,
  ): Promise<ManifestRemoval>;
  /** Removes the tag alone, and gives what it pointed at; undefined when there is none. */
  untag(scope: Scope, name: RepositoryName, tag: Tag, cause: Cause, at: Date): Promise<Digest | undefined>;
  /** Removes the tag, and the manifest with it if that has no other, unless an index lists it. */
  removeTag(scope: Scope, name: RepositoryName, tag: Tag, cause: Cause, at: Date): Promise<TagRemoval>;
  /** Tags after `after` in byte order, at most `limit`; undefined when there is no such repository. */
  listTags(
    scope: Scope,
    name: RepositoryName,
    after: string,
    limit: number,
  ): Promise<readonly Tag[] | undefined>;
  /** Manifests whose subject is `subject`, by id after `after`, at most `limit`; none when there is no repository. */
  listReferrers(
    scope: Scope,
    name: RepositoryName,
    query: {
      readonly subject: Digest;
      /** Undefined for every type. */
      readonly artifactTypes: readonly string[] | undefined;
      readonly after: number;
      readonly limit: number;
    },
  ): Promise<readonly ReferrerRow[]>;
}
