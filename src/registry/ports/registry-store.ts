import type { RegistryAddress, RegistryId } from "../scope.ts";

/** The registries of all accounts. None is ever removed. */
export interface RegistryStore {
  /** Undefined when the account has none in that region. One query. */
  find(address: RegistryAddress): Promise<RegistryId | undefined>;
  /** Makes the registry unless it exists; undefined when there is no such account. */
  open(address: RegistryAddress): Promise<RegistryId | undefined>;
}
