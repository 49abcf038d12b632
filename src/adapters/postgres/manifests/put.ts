import { digestToBytes } from "../../../registry/digest.ts";
import { RegistryError } from "../../../registry/errors.ts";
import type { ManifestPut, RepositorySettings } from "../../../registry/ports/index.ts";
import type { Database } from "../database.ts";
import { lockDigests } from "../digest-locks.ts";
import { brokenForeignKey } from "../errors.ts";
import { shareRepository } from "../share-repository.ts";
import type { Transaction } from "../transaction.ts";
import { absentReferences, type ResolvedReferences, refuseMissing, resolveReferences } from "./references.ts";
import { putTag } from "./tag.ts";

const EXISTING = {
  name: "manifest_existing",
  text: "SELECT id, media_type FROM manifests WHERE repository_id = $1 AND digest = $2 FOR NO KEY UPDATE",
};
const RETYPE = {
  name: "manifest_retype",
  text: "UPDATE manifests SET media_type = $3 WHERE repository_id = $1 AND id = $2",
};
const INSERT = {
  name: "manifest_insert",
  text: `INSERT INTO manifests
      (repository_id, digest, media_type, artifact_type, subject_digest, annotations, size, payload, pushed_at, pushed_by)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (repository_id, digest) DO NOTHING RETURNING id`,
};
const INSERT_BLOBS = {
  name: "manifest_insert_blobs",
  text: `INSERT INTO manifest_blobs (repository_id, manifest_id, position, digest, blob_id)
    SELECT $1, $2, e.position - 1, e.digest, e.blob_id
    FROM unnest($3::bytea[], $4::bigint[]) WITH ORDINALITY AS e (digest, blob_id, position)`,
};
const INSERT_CHILDREN = {
  name: "manifest_insert_children",
  text: `INSERT INTO manifest_children (repository_id, manifest_id, position, digest, child_id, blob_id)
    SELECT $1, $2, e.position - 1, e.digest, e.child_id, e.blob_id
    FROM unnest($3::bytea[], $4::bigint[], $5::bigint[]) WITH ORDINALITY AS e (digest, child_id, blob_id, position)`,
};
const BIND = {
  name: "manifest_bind_waiting",
  text: `UPDATE manifest_children SET child_id = $3
    WHERE repository_id = $1 AND digest = $2 AND child_id IS NULL AND blob_id IS NULL`,
};

/**
 * The one transaction of a manifest PUT. Who may meet: another PUT of the same tag (the row lock orders them, the last
 * wins, both are in the history), the collection or deletion of something it names (the foreign key decides; the loser
 * here gets MANIFEST_BLOB_UNKNOWN), the push of something it may lack (both hold that digest's lock, so the edge is
 * bound by one of them), the repository's deletion (NAME_UNKNOWN).
 */
export async function putManifest(database: Database, put: ManifestPut): Promise<void> {
  try {
    await database.transaction((tx) => putInside(tx, put));
  } catch (error) {
    // A reference vanished between its look-up and its edge: say which, by looking again.
    if (brokenForeignKey(error) === undefined) throw error;
    await database.transaction((tx) => putInside(tx, put));
  }
}

async function putInside(tx: Transaction, put: ManifestPut): Promise<void> {
  const settings = await shareRepository(tx, put.repositoryId);
  const [existing] = await tx.query<{ id: number; media_type: string }>(EXISTING, [
    put.repositoryId,
    digestToBytes(put.digest),
  ]);
  const id = existing?.id ?? (await insert(tx, put, settings));
  if (existing !== undefined && existing.media_type !== put.view.mediaType) {
    await tx.query(RETYPE, [put.repositoryId, id, put.view.mediaType]);
  }
  for (const tag of [...put.tags].sort()) {
    await putTag(tx, { put, tag, manifestId: id, immutable: settings.tagMutability === "IMMUTABLE" });
  }
}

async function insert(tx: Transaction, put: ManifestPut, settings: RepositorySettings): Promise<number> {
  const resolved = await settleReferences(tx, put, settings);
  const { view, payload, repositoryId } = put;
  const digest = digestToBytes(put.digest);
  const [row] = await tx.query<{ id: number }>(INSERT, [
    ...[repositoryId, digest, view.mediaType, view.artifactType ?? null],
    view.subject === undefined ? null : digestToBytes(view.subject),
    view.annotations === undefined ? null : JSON.stringify(view.annotations),
    ...[payload.length, payload, put.at, put.principal],
  ]);
  if (row === undefined) {
    // The same manifest was pushed at the same moment; its rows are complete, for both pushes hold its digest's lock.
    const [twin] = await tx.query<{ id: number }>(EXISTING, [repositoryId, digest]);
    if (twin === undefined)
      throw new RegistryError("UNAVAILABLE", "the manifest was deleted while it was pushed; try again");
    return twin.id;
  }
  await insertEdges(tx, put, row.id, resolved);
  await tx.query(BIND, [repositoryId, digest, row.id]);
  return row.id;
}

/** Resolves what the manifest names, refusing what is missing and may not be. */
async function settleReferences(
  tx: Transaction,
  put: ManifestPut,
  settings: RepositorySettings,
): Promise<ResolvedReferences> {
  const first = await resolveReferences(tx, put);
  const absent = absentReferences(put, first);
  if (!settings.sparse) refuseMissing(absent.filter(({ mayBeAbsent }) => !mayBeAbsent));
  const waiting = absent.map(({ digest }) => digestToBytes(digest));
  await lockDigests(tx, put.repositoryId, [digestToBytes(put.digest), ...waiting]);
  return absent.length === 0 ? first : resolveReferences(tx, put);
}

async function insertEdges(
  tx: Transaction,
  put: ManifestPut,
  id: number,
  resolved: ResolvedReferences,
): Promise<void> {
  const { blobs, children } = put.view;
  const key = [put.repositoryId, id];
  if (blobs.length > 0) {
    const digests = blobs.map(({ digest }) => digestToBytes(digest));
    await tx.query(INSERT_BLOBS, [
      ...key,
      digests,
      blobs.map(({ digest }) => resolved.blobs.get(digest) ?? null),
    ]);
  }
  if (children.length > 0) {
    const digests = children.map(({ digest }) => digestToBytes(digest));
    const childIds = children.map(({ digest }) => resolved.children.get(digest) ?? null);
    const blobIds = children.map(({ digest }) =>
      resolved.children.has(digest) ? null : (resolved.blobs.get(digest) ?? null),
    );
    await tx.query(INSERT_CHILDREN, [...key, digests, childIds, blobIds]);
  }
}
