import { RegistryError } from "../errors.ts";

/** ECR's RepositoryNotFoundException, in its words. */
export function repositoryUnknown(account: string, name: string): RegistryError {
  return new RegistryError(
    "NAME_UNKNOWN",
    `The repository with name '${name}' does not exist in the registry with id '${account}'`,
    { detail: { name } },
  );
}
