import { digestToBytes } from "../../registry/digest.ts";
import type { CommittedUpload } from "../../registry/ports/index.ts";
import type { Database } from "./database.ts";
import { linkBlob } from "./links.ts";
import { queueDeletions } from "./object-deletions.ts";
import { shareRepository } from "./share-repository.ts";
import type { Transaction } from "./transaction.ts";

const END_SESSION = {
  name: "commit_end_session",
  text: "DELETE FROM uploads WHERE id = $1 AND version = $2 AND repository_id = $3 RETURNING id",
};
const INSERT_BLOB = {
  name: "commit_insert_blob",
  text: `INSERT INTO blobs (registry_id, digest, size, created_at) VALUES ($1, $2, $3, $4)
    ON CONFLICT (registry_id, digest, encryption_key) DO NOTHING RETURNING id`,
};
const LOCK_BLOB = {
  name: "commit_lock_blob",
  text: "SELECT id FROM blobs WHERE registry_id = $1 AND digest = $2 AND encryption_key = '' FOR KEY SHARE",
};
const HAS_OBJECT = {
  name: "commit_has_object",
  text: "SELECT 1 FROM objects WHERE blob_id = $1 AND state = 'present'",
};
const INSERT_OBJECT = {
  name: "commit_insert_object",
  text: "INSERT INTO objects (blob_id, store, key, created_at) VALUES ($1, $2, $3, $4)",
};

/**
 * The commit of a blob. Who may meet: two uploads of one digest, an upload and the collection of that digest, a stalled
 * attempt and the one that took its session over. One row of the digest is made, whoever comes second uses it and gives
 * its own object up; a collected row is made anew; only the session's current attempt ends the session (else false).
 */
export function commitUpload(
  database: Database,
  store: string,
  deleteAt: Date,
  upload: CommittedUpload,
): Promise<boolean> {
  return database.transaction(async (tx) => {
    await shareRepository(tx, upload.repositoryId);
    const ended = await tx.query(END_SESSION, [upload.id, upload.version, upload.repositoryId]);
    if (ended.length === 0) return false;
    const digest = digestToBytes(upload.digest);
    const blobId = await insertOrLockBlob(tx, upload, digest);
    const known = await tx.query(HAS_OBJECT, [blobId]);
    if (known.length === 0) {
      await tx.query(INSERT_OBJECT, [blobId, store, upload.key, upload.at]);
    }
    const garbage = known.length === 0 ? upload.garbage : [...upload.garbage, upload.key];
    await queueDeletions(tx, store, garbage, deleteAt);
    await linkBlob(tx, upload.repositoryId, blobId, digest, upload.at);
    return true;
  });
}

async function insertOrLockBlob(tx: Transaction, upload: CommittedUpload, digest: Buffer): Promise<number> {
  for (;;) {
    const [inserted] = await tx.query<{ id: number }>(INSERT_BLOB, [
      upload.registryId,
      digest,
      upload.size,
      upload.at,
    ]);
    if (inserted !== undefined) return inserted.id;
    const [locked] = await tx.query<{ id: number }>(LOCK_BLOB, [upload.registryId, digest]);
    if (locked !== undefined) return locked.id;
  }
}
