import { RegistryError } from "../errors.ts";

/** ECR's RepositoryNotFoundException, in its words. */
export function repositoryUnknown(account: string, name: string): RegistryError {
  return new RegistryError(
    "NAME_UNKNOWN",
    `The repository with name '${name}' does not exist in the registry with id '${account}'`,
    { detail: { name } },
  );
}

/** The quota of a registry. */
export function repositoriesTooMany(account: string, max: number): RegistryError {
  return new RegistryError(
    "REPOSITORIES_TOO_MANY",
    `The registry with id '${account}' already has the maximum number of ${max} repositories`,
    { detail: { max } },
  );
}

const NOT_CREATED = {
  denied: "and ecr:CreateRepository, by which a push would create it, is not allowed",
  off: "and a push creates none here",
};

/** {@link repositoryUnknown} of a push that does not create the repository, with why not. */
export function repositoryNotCreated(
  account: string,
  name: string,
  why: keyof typeof NOT_CREATED,
): RegistryError {
  const { message } = repositoryUnknown(account, name);
  return new RegistryError("NAME_UNKNOWN", `${message}, ${NOT_CREATED[why]}`, { detail: { name } });
}

/** ECR's RepositoryAlreadyExistsException, in its words. */
export function repositoryExists(account: string, name: string): RegistryError {
  return new RegistryError(
    "REPOSITORY_EXISTS",
    `The repository with name '${name}' already exists in the registry with id '${account}'`,
    { detail: { name } },
  );
}

/** ECR's RepositoryNotEmptyException, in its words. */
export function repositoryNotEmpty(account: string, name: string): RegistryError {
  return new RegistryError(
    "REPOSITORY_NOT_EMPTY",
    `The repository with name '${name}' in registry with id '${account}' cannot be deleted because it still contains images`,
    { detail: { name } },
  );
}

/** ECR's RepositoryPolicyNotFoundException, in its words. */
export function repositoryPolicyUnknown(account: string, name: string): RegistryError {
  return new RegistryError(
    "REPOSITORY_POLICY_UNKNOWN",
    `Repository policy does not exist for the repository with name '${name}' in the registry with id '${account}'`,
    { detail: { name } },
  );
}

/** ECR's RegistryPolicyNotFoundException, in its words. */
export function registryPolicyUnknown(account: string): RegistryError {
  return new RegistryError(
    "REGISTRY_POLICY_UNKNOWN",
    `Registry policy does not exist in the registry with id '${account}'`,
  );
}
