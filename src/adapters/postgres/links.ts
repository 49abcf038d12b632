import type { RepositoryId } from "../../registry/ports/index.ts";
import { lockDigests } from "./digest-locks.ts";
import type { Transaction } from "./transaction.ts";

// An existing link is touched, so that the grace before its collection starts anew, and locked against its removal.
const LINK = {
  name: "link_insert",
  text: `INSERT INTO repository_blobs (repository_id, blob_id, linked_at) VALUES ($1, $2, $3)
    ON CONFLICT (repository_id, blob_id) DO UPDATE SET linked_at = EXCLUDED.linked_at`,
};
const BIND_LAYERS = {
  name: "link_bind_layers",
  text: "UPDATE manifest_blobs SET blob_id = $3 WHERE repository_id = $1 AND digest = $2 AND blob_id IS NULL",
};
const BIND_CHILDREN = {
  name: "link_bind_children",
  text: `UPDATE manifest_children SET blob_id = $3
    WHERE repository_id = $1 AND digest = $2 AND child_id IS NULL AND blob_id IS NULL`,
};

/** Gives a repository a blob and binds the references that were waiting for its digest. */
export async function linkBlob(
  tx: Transaction,
  repositoryId: RepositoryId,
  blobId: number,
  digest: Buffer,
  at: Date,
): Promise<void> {
  await lockDigests(tx, repositoryId, [digest]);
  await tx.query(LINK, [repositoryId, blobId, at]);
  await tx.query(BIND_LAYERS, [repositoryId, digest, blobId]);
  await tx.query(BIND_CHILDREN, [repositoryId, digest, blobId]);
}
