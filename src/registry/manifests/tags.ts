import type { Page, PageRequest } from "../../kernel/page.ts";
import type { RepositoryName, Tag } from "../names.ts";
import { cutPage } from "../pages.ts";
import type { RegistryPorts } from "../ports/index.ts";
import { repositoryUnknown } from "../repositories/errors.ts";
import type { Scope } from "../scope.ts";

/** Tags of a repository, a page at a time in byte order (distribution-spec end-8). @throws RegistryError NAME_UNKNOWN */
export async function listTags(
  ports: Pick<RegistryPorts, "manifests">,
  scope: Scope,
  name: RepositoryName,
  { after, limit }: PageRequest,
): Promise<Page<Tag, Tag>> {
  const tags = await ports.manifests.listTags(scope, name, after, limit + 1);
  if (tags === undefined) throw repositoryUnknown(scope.account, name);
  return cutPage(tags, limit);
}
