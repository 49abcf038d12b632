import { type Digest, digestFromBytes, digestToBytes } from "../../../registry/digest.ts";
import { RegistryError } from "../../../registry/errors.ts";
import type { Descriptor } from "../../../registry/manifest.ts";
import { isManifestType } from "../../../registry/media-types.ts";
import type { Tag } from "../../../registry/names.ts";
import type { ManifestChange, ManifestPut } from "../../../registry/ports/index.ts";
import { changeRecord } from "../audit/record.ts";
import type { Database } from "../database.ts";
import { brokenForeignKey, repositoryDeleted } from "../errors.ts";
import { referencesMissing } from "./references.ts";
import { conditionFailed, conditionValue, tagImmutable } from "./tag.ts";

const PUT = {
  name: "manifest_put",
  text: `WITH repository AS (
      SELECT id FROM repositories WHERE registry_id = $1 AND name = $2 AND deleted_at IS NULL)
    SELECT outcome, repository_name, missing_digests, tag_name, tag_digest, created, moved FROM repository,
      put_manifest(repository.id, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18::jsonb)`,
};

/** What `put_manifest` answers. */
interface Row {
  readonly outcome:
    | "stored"
    | "repository deleted"
    | "references missing"
    | "manifest deleted"
    | "if-match"
    | "if-none-match"
    | "immutable";
  readonly repository_name: string | null;
  readonly missing_digests: readonly Buffer[];
  readonly tag_name: string;
  readonly tag_digest: Buffer | null;
  readonly created: boolean;
  readonly moved: readonly { readonly tag: Tag; readonly from: Digest | null }[];
}

/**
 * The one transaction of a manifest PUT; `put_manifest` in the migrations says who may meet there. Undefined when there is
 * no such repository.
 */
export async function putManifest(database: Database, put: ManifestPut): Promise<ManifestChange | undefined> {
  const values = valuesOf(put);
  const call = async (): Promise<Row | undefined> => (await database.run<Row>(PUT, values))[0];
  const row = await call().catch((error: unknown) => {
    // A reference vanished between its look-up and its edge: say which, by looking again. With its repository gone too,
    // this is a push that came after the deletion.
    if (brokenForeignKey(error) === undefined) throw error;
    return call();
  });
  if (row === undefined) return undefined;
  if (row.outcome !== "stored") throw refusal(put, row);
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

function refusal(put: ManifestPut, row: Row): RegistryError {
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
    default:
      return new RegistryError("UNAVAILABLE", "the manifest was deleted while it was pushed; try again");
  }
}
