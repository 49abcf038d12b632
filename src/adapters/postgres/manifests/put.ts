import { type Digest, digestFromBytes, digestToBytes } from "../../../registry/digest.ts";
import { RegistryError } from "../../../registry/errors.ts";
import type { ImageCounts } from "../../../registry/images/image-counts.ts";
import type { Descriptor } from "../../../registry/manifest.ts";
import { isManifestType } from "../../../registry/media-types.ts";
import type { Tag } from "../../../registry/names.ts";
import type { ManifestChange, ManifestPut } from "../../../registry/ports/index.ts";
import { changeRecord } from "../audit/record.ts";
import type { Database } from "../database.ts";
import { brokenForeignKey, repositoryDeleted } from "../errors.ts";
import { imagesTooMany, tagsTooMany } from "./quotas.ts";
import { referencesMissing } from "./references.ts";
import { conditionFailed, conditionValue, tagImmutable } from "./tag.ts";

const PUT = {
  name: "manifest_put",
  text: `WITH repository AS (
      SELECT id FROM repositories WHERE registry_id = $1 AND name = $2 AND deleted_at IS NULL)
    SELECT outcome, repository_name, missing_digests, tag_name, tag_digest, created, moved, images
    FROM repository,
      put_manifest(repository.id, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18::jsonb, $19, $20)`,
};

/** How many images a repository may have, and how many tags each of them; 0: as many as it likes. */
export interface ManifestQuotas {
  readonly imagesPerRepository: number;
  readonly tagsPerImage: number;
}

/** Quotas, and when to count; undefined without a quota of images. */
interface Quotas extends ManifestQuotas {
  readonly counts: ImageCounts | undefined;
}

/** What `put_manifest` answers. */
interface Row {
  readonly outcome:
    | "stored"
    | "repository deleted"
    | "references missing"
    | "manifest deleted"
    | "if-match"
    | "if-none-match"
    | "immutable"
    | "images too many"
    | "tags too many";
  readonly repository_name: string | null;
  readonly missing_digests: readonly Buffer[];
  readonly tag_name: string;
  readonly tag_digest: Buffer | null;
  readonly created: boolean;
  /** Images before this one, where they were counted. */
  readonly images: number | null;
  readonly moved: readonly { readonly tag: Tag; readonly from: Digest | null }[];
}

/**
 * The one transaction of a manifest PUT; `put_manifest` in the migrations says who may meet there. Undefined when there is
 * no such repository.
 */
export async function putManifest(
  database: Database,
  quotas: Quotas,
  put: ManifestPut,
): Promise<ManifestChange | undefined> {
  const { scope, name, at } = put;
  const imagesMax = quotas.counts?.isDue(scope, name, at) ? quotas.imagesPerRepository : null;
  const values = [...valuesOf(put), imagesMax, quotas.tagsPerImage === 0 ? null : quotas.tagsPerImage];
  const call = async (): Promise<Row | undefined> => (await database.run<Row>(PUT, values))[0];
  const row = await call().catch((error: unknown) => {
    // A reference vanished between its look-up and its edge: say which, by looking again. With its repository gone too,
    // this is a push that came after the deletion.
    if (brokenForeignKey(error) === undefined) throw error;
    return call();
  });
  if (row === undefined) return undefined;
  if (row.outcome !== "stored") throw refusal(put, row, quotas);
  if (row.images !== null) quotas.counts?.counted(scope, name, row.images + 1, at);
  else if (row.created) quotas.counts?.added(scope, name);
  const moved = row.moved.map(({ tag, from }) => ({ tag, from: from ?? undefined }));
  return { created: row.created, moved };
}

function valuesOf(put: ManifestPut): readonly unknown[] {
  const { view, conditions } = put;
  const required = [...view.blobs, ...view.children].filter(({ mayBeAbsent }) => !mayBeAbsent);
  const manifests = new Set(view.children.filter(isManifest).map(({ digest }) => digest));
  const childBlobs = view.children.filter(({ digest }) => !manifests.has(digest));
  return [
    ...[put.scope.id, put.name, digestToBytes(put.digest), view.mediaType, view.artifactType ?? null],
    view.subject === undefined ? null : digestToBytes(view.subject),
    view.annotations === undefined ? null : JSON.stringify(view.annotations),
    ...[put.payload, bytesOf(view.blobs), bytesOf(view.children), bytesOf(childBlobs), bytesOf(required)],
    // Sorted, so that two PUTs of the same tags lock them in the same order.
    ...[[...put.tags].sort(), conditionValue(conditions.ifMatch), conditionValue(conditions.ifNoneMatch)],
    ...[put.cause.principal, put.at],
    changeRecord(put.cause, put.at, { digest: put.digest, tags: put.tags, ...typesOf(view) }),
  ];
}

/** What a manifest is, for those who are told of it. */
function typesOf({
  mediaType,
  artifactType,
  subject,
}: ManifestPut["view"]): Readonly<Record<string, unknown>> {
  return { mediaType, artifactType, subject };
}

function isManifest({ mediaType }: Descriptor): boolean {
  return isManifestType(mediaType);
}

function bytesOf(descriptors: readonly Descriptor[]): readonly Buffer[] {
  return descriptors.map(({ digest }) => digestToBytes(digest));
}

function refusal(put: ManifestPut, row: Row, quotas: Quotas): RegistryError {
  const current = row.tag_digest === null ? undefined : digestFromBytes(row.tag_digest);
  switch (row.outcome) {
    case "repository deleted":
      return repositoryDeleted(row.repository_name);
    case "references missing":
      return referencesMissing(put, row.missing_digests);
    case "if-match":
      return conditionFailed("If-Match", row.tag_name, current);
    case "if-none-match":
      return conditionFailed("If-None-Match", row.tag_name, current);
    case "immutable":
      return tagImmutable(row.repository_name ?? "", row.tag_name, current);
    case "images too many":
      return imagesTooMany(put, quotas.imagesPerRepository);
    case "tags too many":
      return tagsTooMany(put, quotas.tagsPerImage);
    default:
      return new RegistryError("UNAVAILABLE", "the manifest was deleted while it was pushed; try again");
  }
}
