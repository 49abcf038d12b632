import { RegistryError } from "./errors.ts";
import type { RegistryStore } from "./ports/index.ts";
import type { RegistryAddress, RegistryId, Scope } from "./scope.ts";

/** Registries never change their identity and are few: those found are remembered for good, the others asked for anew. */
export class Scopes {
  readonly #registries: RegistryStore;
  readonly #known = new Map<string, RegistryId>();

  constructor(registries: RegistryStore) {
    this.#registries = registries;
  }

  /** @throws RegistryError NAME_UNKNOWN for an account or region that has no registry here */
  find(address: RegistryAddress): Promise<Scope> {
    return this.#recall(address, () => this.#registries.find(address));
  }

  /**
   * The same, where the region is one that this server serves: an account has a registry in each of them.
   * @throws RegistryError NAME_UNKNOWN for an account that does not exist
   */
  open(address: RegistryAddress): Promise<Scope> {
    return this.#recall(address, () => this.#registries.open(address));
  }

  async #recall(
    { account, region }: RegistryAddress,
    ask: () => Promise<RegistryId | undefined>,
  ): Promise<Scope> {
    const key = `${account}/${region}`;
    const id = this.#known.get(key) ?? (await ask());
    if (id === undefined) {
      throw new RegistryError(
        "NAME_UNKNOWN",
        `there is no registry of account ${account} in region ${region}`,
      );
    }
    this.#known.set(key, id);
    return { id, account, region };
  }
}
