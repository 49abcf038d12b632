import { digestToBytes } from "../../registry/digest.ts";
import type { CommittedUpload, UploadCommit } from "../../registry/ports/index.ts";
import { changeRecord } from "./audit/record.ts";
import type { Database } from "./database.ts";
import { brokenForeignKey, repositoryDeleted } from "./errors.ts";

const COMMIT = {
  name: "upload_commit",
  text: `SELECT outcome, repository_name, changed
    FROM commit_upload($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12::jsonb)`,
};

/** What `commit_upload` answers. */
interface Row {
  readonly outcome: "committed" | "fenced" | "repository deleted";
  readonly repository_name: string | null;
  readonly changed: boolean;
}

/**
 * The commit of a blob; `commit_upload` in the migrations says who may meet there.
 * @throws RegistryError NAME_UNKNOWN
 */
export async function commitUpload(
  database: Database,
  store: string,
  deleteAt: Date,
  upload: CommittedUpload,
): Promise<UploadCommit> {
  const { id, version, repositoryId, registryId, digest, size, key, garbage, at } = upload;
  const values = [
    ...[id, version, repositoryId, registryId, digestToBytes(digest), size],
    ...[store, key, garbage, at, deleteAt],
    changeRecord(upload.cause, at, { digest, size }),
  ];
  for (;;) {
    try {
      const [row] = await database.run<Row>(COMMIT, values);
      if (row?.outcome === "repository deleted") throw repositoryDeleted(row.repository_name);
      if (row?.outcome !== "committed") return "fenced";
      return row.changed ? "gained" : "had already";
    } catch (error) {
      // The blob was collected between our look and our link: look again, and make it anew.
      if (brokenForeignKey(error) !== "repository_blobs_blob_id_fkey") throw error;
    }
  }
}
