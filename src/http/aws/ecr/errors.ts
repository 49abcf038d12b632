import type { RegistryAddress } from "../../../registry/scope.ts";
import { AwsError } from "../aws-error.ts";

export function repositoryNotFound({ account }: RegistryAddress, name: string): AwsError {
  return new AwsError(
    "RepositoryNotFoundException",
    `The repository with name '${name}' does not exist in the registry with id '${account}'`,
  );
}

export function repositoryAlreadyExists({ account }: RegistryAddress, name: string): AwsError {
  return new AwsError(
    "RepositoryAlreadyExistsException",
    `The repository with name '${name}' already exists in the registry with id '${account}'`,
  );
}

export function repositoryNotEmpty({ account }: RegistryAddress, name: string): AwsError {
  return new AwsError(
    "RepositoryNotEmptyException",
    `The repository with name '${name}' in registry with id '${account}' cannot be deleted because it still contains images`,
  );
}

export function repositoryPolicyNotFound({ account }: RegistryAddress, name: string): AwsError {
  return new AwsError(
    "RepositoryPolicyNotFoundException",
    `Repository policy does not exist for the repository with name '${name}' in the registry with id '${account}'`,
  );
}

export function registryPolicyNotFound({ account }: RegistryAddress): AwsError {
  return new AwsError(
    "RegistryPolicyNotFoundException",
    `Registry policy does not exist in the registry with id '${account}'`,
  );
}
