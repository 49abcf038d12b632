import type { Cause } from "../../audit/cause.ts";
import { parseRepositoryName } from "../names.ts";
import type { RegistryPorts, Repository, RepositoryDraft } from "../ports/index.ts";
import type { Scope } from "../scope.ts";
import { checkEncryption, type WantedEncryption } from "./encryption.ts";
import { repositoryExists } from "./errors.ts";
import { type ResourceTag, readResourceTags } from "./resource-tags.ts";
import { checkSettings, DEFAULT_SETTINGS, type WantedSettings } from "./settings.ts";

/** A repository as a caller wants it: what is undefined has its default. */
export interface WantedRepository extends WantedSettings {
  readonly name: string;
  readonly encryption?: WantedEncryption | undefined;
  readonly tags?: readonly ResourceTag[] | undefined;
}

/** @throws RegistryError NAME_INVALID, and as {@link checkSettings}, {@link checkEncryption}, {@link readResourceTags} */
export function draftRepository({ name, encryption, tags, ...wanted }: WantedRepository): RepositoryDraft {
  return {
    name: parseRepositoryName(name),
    ...DEFAULT_SETTINGS,
    ...checkSettings(wanted),
    encryption: checkEncryption(encryption ?? {}),
    tags: readResourceTags(tags ?? []),
  };
}

/** @throws RegistryError REPOSITORY_EXISTS, REPOSITORIES_TOO_MANY */
export async function createRepository(
  { repositories, clock }: Pick<RegistryPorts, "repositories" | "clock">,
  scope: Scope,
  draft: RepositoryDraft,
  cause: Cause,
): Promise<Repository> {
  const { repository, created } = await repositories.create(scope, draft, cause, clock.now());
  if (!created) throw repositoryExists(scope.account, draft.name);
  return repository;
}
