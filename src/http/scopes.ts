import { RegistryError } from "../registry/errors.ts";
import type { RepositoryStore } from "../registry/ports/index.ts";
import type { RegistryAddress, RegistryId, Scope } from "../registry/scope.ts";

/** Registries never change their identity and are few: those found are remembered for good, the others asked for anew. */
export class Scopes {
  readonly #repositories: Pick<RepositoryStore, "findRegistry">;
  readonly #known = new Map<string, RegistryId>();

  constructor(repositories: Pick<RepositoryStore, "findRegistry">) {
    this.#repositories = repositories;
  }

  /** @throws RegistryError NAME_UNKNOWN for an account or region that has no registry here */
  async find({ account, region }: RegistryAddress): Promise<Scope> {
    const key = `${account}/${region}`;
    const id = this.#known.get(key) ?? (await this.#repositories.findRegistry(account, region));
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
