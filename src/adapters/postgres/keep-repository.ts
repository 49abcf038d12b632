import type { RepositoryId } from "../../registry/ports/index.ts";
import type { Transaction } from "./transaction.ts";

const KEEP = {
  name: "repository_keep",
  text: "UPDATE repositories SET provisional = false WHERE id = $1 AND provisional",
};

/** A repository that a push has made stays, whatever becomes of the push: somebody has a use for it. */
export async function keepRepository(tx: Transaction, id: RepositoryId): Promise<void> {
  await tx.query(KEEP, [id]);
}
