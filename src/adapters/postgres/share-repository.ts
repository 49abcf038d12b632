import { RegistryError } from "../../registry/errors.ts";
import type { RepositoryId, RepositorySettings } from "../../registry/ports/index.ts";
import type { Transaction } from "./transaction.ts";

const SHARE = {
  name: "repository_share",
  text: `SELECT sparse, tag_mutability, deleted_at IS NOT NULL AS deleted, name
    FROM repositories WHERE id = $1 FOR KEY SHARE`,
};

/**
 * First statement of every push: holds the repository against deletion and settings changes until the transaction ends,
 * and reads its settings under that lock. @throws RegistryError NAME_UNKNOWN when it was deleted under the push
 */
export async function shareRepository(tx: Transaction, id: RepositoryId): Promise<RepositorySettings> {
  const [row] = await tx.query<{
    sparse: boolean;
    tag_mutability: RepositorySettings["tagMutability"];
    deleted: boolean;
    name: string;
  }>(SHARE, [id]);
  if (row === undefined || row.deleted) {
    throw new RegistryError("NAME_UNKNOWN", "the repository was deleted while this push was under way", {
      detail: { name: row?.name },
    });
  }
  return { sparse: row.sparse, tagMutability: row.tag_mutability };
}
