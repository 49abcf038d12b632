import { RegistryError } from "../errors.ts";

/** ECR's TemplateNotFoundException. */
export function templateUnknown(account: string, prefix: string): RegistryError {
  return new RegistryError(
    "TEMPLATE_UNKNOWN",
    `The repository creation template with prefix '${prefix}' does not exist in the registry with id '${account}'`,
  );
}

/** ECR's TemplateAlreadyExistsException. */
export function templateExists(account: string, prefix: string): RegistryError {
  return new RegistryError(
    "TEMPLATE_EXISTS",
    `The repository creation template with prefix '${prefix}' already exists in the registry with id '${account}'`,
  );
}

/** ECR's LimitExceededException. */
export function templatesTooMany(most: number): RegistryError {
  return new RegistryError(
    "TEMPLATES_TOO_MANY",
    `a registry has at most ${most} repository creation templates; delete one first`,
  );
}
