import type { RepositoryName } from "../names.ts";
import { cutPage, type NamePage, type Page } from "../pages.ts";
import type { RegistryPorts } from "../ports/index.ts";
import type { Scope } from "../scope.ts";

/** Names for the catalog, a page at a time in byte order; `n` as in {@link pageSize}. */
export async function listRepositories(
  ports: Pick<RegistryPorts, "repositories">,
  scope: Scope,
  page: Page,
): Promise<NamePage<RepositoryName>> {
  return cutPage(await ports.repositories.listNames(scope.id, page.last, page.n + 1), page.n);
}
