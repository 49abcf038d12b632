import type { RepositoryName } from "../names.ts";
import { cutPage, type NamePage, PAGE_MAX, type Page } from "../pages.ts";
import type { RegistryPorts } from "../ports/index.ts";
import type { Scope } from "../scope.ts";

/** Names that one page of the catalog looks at, so that who may see few of very many cannot ask for all at once. */
export const CATALOG_LOOKS_MAX = 2_000;

/**
 * Names for the catalog that `visible` lets through, a page at a time in byte order. Whoever may see few gets a shorter
 * page, even an empty one with more to come, once it has looked at {@link CATALOG_LOOKS_MAX} names.
 */
export async function listRepositories(
  ports: Pick<RegistryPorts, "repositories">,
  scope: Scope,
  { n, last }: Page,
  visible: (names: readonly RepositoryName[]) => Promise<readonly RepositoryName[]>,
): Promise<NamePage<RepositoryName>> {
  if (n === 0) return { names: [], next: undefined };
  const shown: RepositoryName[] = [];
  let after = last;
  for (let looks = 0; looks < CATALOG_LOOKS_MAX; ) {
    // The first look takes no more than a page: most callers see all of it.
    const limit = looks === 0 ? n + 1 : PAGE_MAX;
    const names = await ports.repositories.listNames(scope.id, after, limit);
    shown.push(...(await visible(names)));
    if (shown.length > n || names.length < limit) return cutPage(shown, n);
    looks += limit;
    after = names.at(-1) ?? after;
  }
  return { names: shown, next: after as RepositoryName };
}
