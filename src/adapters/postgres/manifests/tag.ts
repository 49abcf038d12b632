import { type Digest, digestToBytes, parseDigest } from "../../../registry/digest.ts";
import { RegistryError } from "../../../registry/errors.ts";
import type { TagConditions } from "../../../registry/ports/index.ts";

/** A condition as `put_manifest` reads it: digests in hex, or `*`; what is no digest can match nothing. */
export function conditionValue(tags: TagConditions["ifMatch"]): readonly string[] | null {
  if (tags === undefined) return null;
  return tags === "*" ? ["*"] : tags.flatMap(hexOf);
}

function hexOf(entityTag: string): readonly string[] {
  try {
    return [digestToBytes(parseDigest(entityTag)).toString("hex")];
  } catch {
    return [];
  }
}

export function conditionFailed(header: string, tag: string, current: Digest | undefined): RegistryError {
  const state = current === undefined ? "does not exist" : `points at ${current}`;
  return new RegistryError("PRECONDITION_FAILED", `${header} does not hold: the tag ${tag} ${state}`, {
    detail: { tag, digest: current },
  });
}

/** ECR's ImageTagAlreadyExistsException, in its words. */
export function tagImmutable(repository: string, tag: string, current: Digest | undefined): RegistryError {
  return new RegistryError(
    "TAG_IMMUTABLE",
    `The image tag '${tag}' already exists in the '${repository}' repository and cannot be overwritten because the tag is immutable.`,
    { detail: { tag, digest: current } },
  );
}
