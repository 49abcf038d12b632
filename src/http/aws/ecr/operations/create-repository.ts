import type { CreateRepositoryRequest } from "../../../../aws-models/ecr.types.ts";
import { parseRepositoryName } from "../../../../registry/names.ts";
import { invalidParameter } from "../../aws-error.ts";
import type { EcrHandler } from "../../call.ts";
import { repositoryAlreadyExists } from "../errors.ts";
import type { EcrPorts, RepositoryDraft, TagMutability } from "../ports.ts";
import { presentRepository } from "../present-repository.ts";
import { authorizeOnRepository, registryOf } from "../registry.ts";
import { readTags, tagConditions } from "../tags.ts";

export function createRepository({
  repositories,
  hosts,
}: Pick<EcrPorts, "repositories" | "hosts">): EcrHandler<"CreateRepository"> {
  return async (call, input) => {
    const registry = registryOf(call, input);
    const draft = draftOf(input);
    const conditions = tagConditions(draft.tags);
    await authorizeOnRepository(call, "ecr.CreateRepository", registry, draft.name, conditions);
    if (Object.keys(draft.tags).length > 0) {
      await authorizeOnRepository(call, "ecr.TagResource", registry, draft.name, conditions);
    }
    const created = await repositories.create(registry, draft, call.cause(), call.clock.now());
    if (created === undefined) throw repositoryAlreadyExists(registry, draft.name);
    return { repository: presentRepository(hosts, registry, created, call.origin) };
  };
}

function draftOf(input: CreateRepositoryRequest): RepositoryDraft {
  const {
    imageTagMutability: tagMutability = "MUTABLE",
    encryptionConfiguration,
    imageScanningConfiguration,
  } = input;
  return {
    name: parseRepositoryName(input.repositoryName),
    tagMutability,
    exclusionFilters: exclusionFiltersOf(tagMutability, input.imageTagMutabilityExclusionFilters),
    scanOnPush: imageScanningConfiguration?.scanOnPush ?? false,
    encryption: {
      type: encryptionConfiguration?.encryptionType ?? "AES256",
      kmsKey: encryptionKeyOf(encryptionConfiguration),
    },
    tags: readTags(input.tags),
  };
}

/** Filters belong to the `…_WITH_EXCLUSION` values, and those need them (ecr.md section 12). */
function exclusionFiltersOf(
  mutability: TagMutability,
  filters: CreateRepositoryRequest["imageTagMutabilityExclusionFilters"],
): readonly string[] {
  const field = "imageTagMutabilityExclusionFilters";
  const wanted = mutability.endsWith("_WITH_EXCLUSION");
  if (wanted && filters === undefined) {
    throw invalidParameter(field, `Member must not be null when imageTagMutability is ${mutability}`);
  }
  if (!wanted && filters !== undefined) {
    throw invalidParameter(field, `Member must be null when imageTagMutability is ${mutability}`);
  }
  return filters?.map(({ filter }) => filter) ?? [];
}

function encryptionKeyOf(
  configuration: CreateRepositoryRequest["encryptionConfiguration"],
): string | undefined {
  if (configuration?.encryptionType === "AES256" && configuration.kmsKey !== undefined) {
    throw invalidParameter("encryptionConfiguration", "kmsKey must be null when encryptionType is AES256");
  }
  return configuration?.kmsKey;
}
