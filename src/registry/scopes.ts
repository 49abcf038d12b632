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

  /** Undefined for an account or region that has no registry here. */
  find(address: RegistryAddress): Promise<Scope | undefined> {
    return this.#recall(address, () => this.#registries.find(address));
  }

  /**
   * The same, where the region is one that this server serves: an account has a registry in each of them.
   * @throws RegistryError NAME_UNKNOWN for an account that does not exist
   */
  async open(address: RegistryAddress): Promise<Scope> {
    const scope = await this.#recall(address, () => this.#registries.open(address));
    if (scope === undefined) throw registryUnknown(address);
    return scope;
  }

  async #recall(
    { account, region }: RegistryAddress,
    ask: () => Promise<RegistryId | undefined>,
  ): Promise<Scope | undefined> {
    const key = `${account}/${region}`;
    const id = this.#known.get(key) ?? (await ask());
    if (id === undefined) return undefined;
    this.#known.set(key, id);
    return { id, account, region };
  }
}

export function registryUnknown({ account, region }: RegistryAddress): RegistryError {
  return new RegistryError("NAME_UNKNOWN", `there is no registry of account ${account} in region ${region}`);
}
