import type { Page, PageRequest } from "../../kernel/page.ts";
import type { RepositoryName } from "../names.ts";
import { cutPage, PAGE_MAX } from "../pages.ts";
import type { RegistryPorts, Repository } from "../ports/index.ts";
import type { Scope } from "../scope.ts";
import { repositoryUnknown } from "./errors.ts";

type Ports = Pick<RegistryPorts, "repositories">;

/** Names that one page of the catalog looks at, so that who may see few of very many cannot ask for all at once. */
export const CATALOG_LOOKS_MAX = 2_000;

/**
 * Names for the catalog that `visible` lets through, a page at a time in byte order. Whoever may see few gets a shorter
 * page, even an empty one with more to come, once it has looked at {@link CATALOG_LOOKS_MAX} names.
 */
export async function listRepositories(
  { repositories }: Ports,
  scope: Scope,
  { limit: n, after: last }: PageRequest,
  visible: (names: readonly RepositoryName[]) => Promise<readonly RepositoryName[]>,
): Promise<Page<RepositoryName, RepositoryName>> {
  if (n === 0) return { items: [], next: undefined };
  const shown: RepositoryName[] = [];
  let after = last;
  for (let looks = 0; looks < CATALOG_LOOKS_MAX; ) {
    // The first look takes no more than a page: most callers see all of it.
    const limit = looks === 0 ? n + 1 : PAGE_MAX;
    const names = await repositories.listNames(scope, after, limit);
    shown.push(...(await visible(names)));
    if (shown.length > n || names.length < limit) return cutPage(shown, n);
    looks += limit;
    after = names.at(-1) ?? after;
  }
  return { items: shown, next: after as RepositoryName };
}

/** @throws RegistryError NAME_UNKNOWN */
export async function describeRepository(
  { repositories }: Ports,
  scope: Scope,
  name: RepositoryName,
): Promise<Repository> {
  const found = await repositories.find(scope, name);
  if (found === undefined) throw repositoryUnknown(scope.account, name);
  return found;
}

/** Each once, in the order of `names`. @throws RegistryError NAME_UNKNOWN for the first that is missing */
export async function describeRepositories(
  { repositories }: Ports,
  scope: Scope,
  names: readonly RepositoryName[],
): Promise<readonly Repository[]> {
  const wanted = [...new Set(names)];
  const found = new Map(
    (await repositories.findAll(scope, wanted)).map((repository) => [repository.name, repository]),
  );
  return wanted.map((name) => {
    const repository = found.get(name);
    if (repository === undefined) throw repositoryUnknown(scope.account, name);
    return repository;
  });
}

/** All of them, a page at a time in byte order of their names. */
export async function pageRepositories(
  { repositories }: Ports,
  scope: Scope,
  { after, limit }: PageRequest,
): Promise<Page<Repository, RepositoryName>> {
  const read = await repositories.page(scope, after, limit + 1);
  const { next } = cutPage(
    read.map(({ name }) => name),
    limit,
  );
  return { items: read.slice(0, limit), next };
}
