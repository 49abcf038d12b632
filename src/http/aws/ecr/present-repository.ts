import type { Repository as RepositoryShape } from "../../../aws-models/ecr.types.ts";
import type { Repository } from "../../../registry/ports/index.ts";
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
  const { name, createdAt, tagMutability, exclusionFilters, scanOnPush, encryption } = repository;
  return {
    repositoryArn: arnIn(registry, name),
    registryId: registry.account,
    repositoryName: name,
    repositoryUri: `${hosts.hostOf(registry, origin)}/${name}`,
    createdAt,
    imageTagMutability: tagMutability,
    ...(exclusionFilters.length === 0
      ? {}
      : {
          imageTagMutabilityExclusionFilters: exclusionFilters.map((filter) => ({
            filterType: "WILDCARD" as const,
            filter,
          })),
        }),
    imageScanningConfiguration: { scanOnPush },
    encryptionConfiguration: { encryptionType: encryption.type, kmsKey: encryption.kmsKey },
  };
}
