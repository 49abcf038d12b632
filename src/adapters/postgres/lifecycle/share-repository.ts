import type { RepositoryName } from "../../../registry/names.ts";
import type { RepositoryId } from "../../../registry/ports/index.ts";
import type { Scope } from "../../../registry/scope.ts";
import type { Transaction } from "../transaction.ts";

const SHARE = {
  name: "lifecycle_share_repository",
  text: "SELECT id FROM repositories WHERE registry_id = $1 AND name = $2 AND deleted_at IS NULL FOR KEY SHARE",
};

/** Holds a repository against its deletion, before anything of its lifecycle is locked. Undefined when there is none. */
export async function shareRepository(
  tx: Transaction,
  { id }: Scope,
  name: RepositoryName,
): Promise<RepositoryId | undefined> {
  return (await tx.query<{ id: RepositoryId }>(SHARE, [id, name]))[0]?.id;
}
