import type { RegistryStore } from "../../registry/ports/index.ts";
import type { RegistryAddress, RegistryId } from "../../registry/scope.ts";
import type { Database } from "./database.ts";

const FIND = {
  name: "registry_find",
  text: "SELECT id FROM registries WHERE account_id = $1 AND region = $2",
};
const MAKE = {
  name: "registry_make",
  text: `INSERT INTO registries (account_id, region) SELECT id, $2 FROM accounts WHERE id = $1
    ON CONFLICT DO NOTHING`,
};

/** Registries in Postgres. */
export function postgresRegistries(database: Database): RegistryStore {
  const find = async ({ account, region }: RegistryAddress): Promise<RegistryId | undefined> => {
    const [row] = await database.read<{ id: RegistryId }>(FIND, [account, region]);
    return row?.id;
  };
  return {
    find,
    async open(address) {
      const found = await find(address);
      if (found !== undefined) return found;
      await database.run(MAKE, [address.account, address.region]);
      return find(address);
    },
  };
}
