import { RegistryError } from "../../../registry/errors.ts";
import type { ManifestPut } from "../../../registry/ports/index.ts";

/** ECR's LimitExceededException of a push, in its words. */
export function imagesTooMany({ scope, name }: ManifestPut, max: number): RegistryError {
  return new RegistryError(
    "IMAGES_TOO_MANY",
    `The repository with name '${name}' in registry with id '${scope.account}' already has the maximum allowed number of images which is '${max}'`,
    { detail: { name, max } },
  );
}

/** The same of the tags of one image. */
export function tagsTooMany({ digest, name }: ManifestPut, max: number): RegistryError {
  return new RegistryError(
    "TAGS_TOO_MANY",
    `The image with digest '${digest}' in the repository with name '${name}' may have at most ${max} tags`,
    { detail: { digest, max } },
  );
}
