import type { Cause } from "../../audit/cause.ts";
import type { RepositoryName } from "../names.ts";
import type { RegistryPorts, Repository } from "../ports/index.ts";
import type { Scope } from "../scope.ts";
import { repositoryNotEmpty, repositoryUnknown } from "./errors.ts";

/**
 * Frees the name at once, and gives the repository as it was; the content follows by a worker.
 * @throws RegistryError NAME_UNKNOWN, REPOSITORY_NOT_EMPTY (it holds a manifest, and `force` is not set)
 */
export async function deleteRepository(
  { repositories, clock }: Pick<RegistryPorts, "repositories" | "clock">,
  scope: Scope,
  name: RepositoryName,
  { force, cause }: { readonly force: boolean; readonly cause: Cause },
): Promise<Repository> {
  const deleted = await repositories.delete(scope, name, { force, cause, at: clock.now() });
  if (deleted === "unknown") throw repositoryUnknown(scope.account, name);
  if (deleted === "not empty") throw repositoryNotEmpty(scope.account, name);
  return deleted;
}
