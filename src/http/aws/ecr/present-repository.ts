import type { Repository as RepositoryShape } from "../../../aws-models/ecr.types.ts";
import type { Repository } from "../../../registry/ports/index.ts";
import { keyOf } from "../../../registry/repositories/encryption.ts";
import type { RegistryAddress } from "../../../registry/scope.ts";
import type { RegistryHosts } from "./ports.ts";
import { arnIn } from "./registry.ts";

/** A repository as every operation shows it to a client that came to `origin`; its AWS tags are not part of it. */
export function presentRepository(
  hosts: RegistryHosts,
  registry: RegistryAddress,
  repository: Repository,
  origin: string,
): RepositoryShape {
  const { name, createdAt, scanOnPush, encryption } = repository;
  return {
    repositoryArn: arnIn(registry, name),
    registryId: registry.account,
    repositoryName: name,
    repositoryUri: `${hosts.hostOf(registry, origin)}/${name}`,
    createdAt,
    ...presentMutability(repository),
    imageScanningConfiguration: { scanOnPush },
    encryptionConfiguration: { encryptionType: encryption.type, kmsKey: keyOf(registry, encryption) },
  };
}

/** The mutability of its tags, with the filters in the order in which they were given; without them where there are none. */
export function presentMutability({
  tagMutability,
  exclusionFilters,
}: Pick<Repository, "tagMutability" | "exclusionFilters">): Pick<
  RepositoryShape,
  "imageTagMutability" | "imageTagMutabilityExclusionFilters"
> {
  const filters = exclusionFilters.map((filter) => ({ filterType: "WILDCARD" as const, filter }));
  return {
    imageTagMutability: tagMutability,
    ...(filters.length === 0 ? {} : { imageTagMutabilityExclusionFilters: filters }),
  };
}
