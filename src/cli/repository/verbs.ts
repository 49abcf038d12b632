import type { Page } from "../../kernel/page.ts";
import { type Reason, RegistryError } from "../../registry/errors.ts";
import type { RepositoryName } from "../../registry/names.ts";
import { PAGE_MAX } from "../../registry/pages.ts";
import { createRepository, draftRepository } from "../../registry/repositories/create.ts";
import { deleteRepository } from "../../registry/repositories/delete.ts";
import { describeRepository, listRepositories } from "../../registry/repositories/describe.ts";
import { changeSettings, type WantedSettings } from "../../registry/repositories/settings.ts";
import { listRepositoryTags } from "../../registry/repositories/tag-repository.ts";
import { confirm } from "../confirm.ts";
import { type Io, writeJson, writeJsonLine } from "../io.ts";
import { causeOf, type Located } from "./registry.ts";
import { shown } from "./settings.ts";

export async function create(
  registry: Located,
  name: RepositoryName,
  settings: WantedSettings,
  io: Io,
): Promise<void> {
  const { scope } = registry;
  const draft = draftRepository({ name, ...settings });
  const cause = causeOf(scope, "ecr:CreateRepository", name);
  writeJson(io, shown(await inOwnWords(name, createRepository(registry, scope, draft, cause))));
}

const everything = async (names: readonly RepositoryName[]): Promise<readonly RepositoryName[]> => names;

export async function list(registry: Located, json: boolean, io: Io): Promise<void> {
  const { scope, repositories } = registry;
  for (let last: string | undefined = ""; last !== undefined; ) {
    const page: Page<RepositoryName, RepositoryName> = await listRepositories(
      registry,
      scope,
      { limit: PAGE_MAX, after: last },
      everything,
    );
    for (const name of page.items) {
      if (!json) io.stdout.write(`${name}\n`);
      else {
        const repository = await repositories.find(scope, name);
        if (repository !== undefined) writeJsonLine(io, shown(repository));
      }
    }
    last = page.next;
  }
}

export async function describe(registry: Located, name: RepositoryName, io: Io): Promise<void> {
  const repository = await describeRepository(registry, registry.scope, name);
  const manifests = await registry.repositories.countManifests(repository.id);
  const resourceTags = await listRepositoryTags(registry, registry.scope, name);
  writeJson(io, { ...shown(repository), resourceTags, manifests });
}

export async function set(
  registry: Located,
  name: RepositoryName,
  settings: WantedSettings,
  io: Io,
): Promise<void> {
  const { scope } = registry;
  const cause = causeOf(scope, "berth:SetRepository", name);
  writeJson(io, shown(await changeSettings(registry, scope, name, settings, cause)));
}

export async function remove(
  registry: Located,
  name: RepositoryName,
  { force, yes }: { readonly force: boolean; readonly yes: boolean },
  io: Io,
): Promise<void> {
  const { scope, repositories } = registry;
  if (force && !yes) {
    const { id } = await describeRepository(registry, scope, name);
    const manifests = await repositories.countManifests(id);
    if (manifests > 0) await confirm(io, `${manifests} manifest(s) of ${name} go with it.`, name);
  }
  const cause = causeOf(scope, "ecr:DeleteRepository", name);
  await inOwnWords(name, deleteRepository(registry, scope, name, { force, cause }));
  io.stdout.write(`deleted ${name}\n`);
}

/** What the command says where the domain's words are not for it. */
const WORDS: Partial<Record<Reason, (name: RepositoryName) => string>> = {
  REPOSITORY_EXISTS: (name) => `the repository ${name} exists already; \`set\` changes it`,
  REPOSITORY_NOT_EMPTY: (name) => `the repository ${name} holds manifests; --force deletes them with it`,
};

async function inOwnWords<T>(name: RepositoryName, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const words = error instanceof RegistryError ? WORDS[error.reason] : undefined;
    throw words === undefined ? error : new Error(words(name), { cause: error });
  }
}
