import { RegistryError } from "./errors.ts";
import type { RegistryStore } from "./ports/index.ts";
import { type ServedRegions, servesRegion } from "./regions.ts";
import type { RegistryAddress, RegistryId, Scope } from "./scope.ts";

const KNOWN_MAX = 10_000;

/** Registries never change their identity: those found are remembered, 10,000 at most, the others asked for anew. */
export class Scopes {
  readonly #registries: RegistryStore;
  readonly #regions: ServedRegions;
  readonly #known = new Map<string, Scope>();

  constructor(registries: RegistryStore, regions: ServedRegions) {
    this.#registries = registries;
    this.#regions = regions;
  }

  /** What {@link find} answers, where that is known without waiting. */
  known({ account, region }: RegistryAddress): Scope | undefined {
    return this.#known.get(`${account}/${region}`);
  }

  /** Undefined for an account that has no registry in the region, and for a region that is not served here. */
  async find(address: RegistryAddress): Promise<Scope | undefined> {
    return this.#recall(address, () => this.#registries.find(address));
  }

  /**
   * The same, and makes the registry when it is used for the first time: an account has one in each region.
   * @throws RegistryError NAME_UNKNOWN for an account that does not exist, or a region that is not served here
   */
  async open(address: RegistryAddress): Promise<Scope> {
    const scope = await this.#recall(address, () => this.#registries.open(address));
    if (scope === undefined) throw registryUnknown(address);
    return scope;
  }

  async #recall(
    address: RegistryAddress,
    ask: () => Promise<RegistryId | undefined>,
  ): Promise<Scope | undefined> {
    const known = this.known(address);
    if (known !== undefined) return known;
    const { account, region } = address;
    const id = servesRegion(this.#regions, region) ? await ask() : undefined;
    if (id === undefined) return undefined;
    if (this.#known.size >= KNOWN_MAX) this.#known.clear();
    const scope = { id, account, region };
    this.#known.set(`${account}/${region}`, scope);
    return scope;
  }
}

export function registryUnknown({ account, region }: RegistryAddress): RegistryError {
  return new RegistryError("NAME_UNKNOWN", `there is no registry of account ${account} in region ${region}`);
}
