import type { RegistryId } from "../../registry/scope.ts";
import type { Transaction } from "./transaction.ts";

const LOCK = {
  name: "registry_lock",
  text: "SELECT FROM registries WHERE id = $1 FOR NO KEY UPDATE",
};

/**
 * Who may meet: creations and deletions of repositories, all of which count in the registry's row. Whoever makes or deletes
 * one takes that row before writing anything: a creation that has it would wait for what a deletion of the same name has
 * written, and that one for the row.
 */
export async function lockRegistry(tx: Transaction, registry: RegistryId): Promise<void> {
  await tx.query(LOCK, [registry]);
}
