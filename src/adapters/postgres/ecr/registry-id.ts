import type { RegistryAddress, RegistryId } from "../../../registry/scope.ts";
import type { Transaction } from "../transaction.ts";

const FIND = {
  name: "ecr_registry",
  text: "SELECT id FROM registries WHERE account_id = $1 AND region = $2",
};
const MAKE = {
  name: "ecr_registry_make",
  text: `INSERT INTO registries (account_id, region) SELECT id, $2 FROM accounts WHERE id = $1
    ON CONFLICT DO NOTHING`,
};

/** The registry of an account in a region; an account has one in every region that it writes to. */
export async function registryFor(
  tx: Transaction,
  { account, region }: RegistryAddress,
): Promise<RegistryId | undefined> {
  const [found] = await tx.query<{ id: RegistryId }>(FIND, [account, region]);
  if (found !== undefined) return found.id;
  await tx.query(MAKE, [account, region]);
  return (await tx.query<{ id: RegistryId }>(FIND, [account, region]))[0]?.id;
}
