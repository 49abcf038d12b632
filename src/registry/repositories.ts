import type { Cause } from "../audit/cause.ts";
import { RegistryError } from "./errors.ts";
import type { RepositoryName } from "./names.ts";
import type { RegistryPorts, RegistryScope, Repository, RepositorySettings } from "./ports/index.ts";

export type { RegistryScope } from "./ports/index.ts";

export const DEFAULT_SETTINGS: RepositorySettings = { sparse: false, tagMutability: "MUTABLE" };

/** ECR's RepositoryNotFoundException, in its words. */
export function repositoryUnknown(account: string, name: string): RegistryError {
  return new RegistryError(
    "NAME_UNKNOWN",
    `The repository with name '${name}' does not exist in the registry with id '${account}'`,
    { detail: { name } },
  );
}

/** Where a push goes to. */
export interface PushTarget {
  readonly scope: RegistryScope;
  readonly name: RepositoryName;
  /** Whether a missing repository may be created: configuration and `ecr:CreateRepository`. */
  readonly mayCreate: () => Promise<boolean>;
  /** Why it is created then, and removed when nothing comes of it. */
  readonly creation: Cause;
}

/**
 * Puts something into a repository, which is made when it is missing and may be. `push` itself finds that it is missing,
 * and resolves with undefined then: the usual push asks nothing before. When it fails in a repository that was made for
 * it, that goes again, unless somebody else has put something into it.
 * Two first pushes at once may meet: one creates, both go on; should the creator fail, the other, if it has put nothing
 * there yet, finds the repository deleted under it.
 * @throws RegistryError NAME_UNKNOWN, and whatever `push` throws
 */
export async function pushInto<T>(
  ports: Pick<RegistryPorts, "repositories" | "clock">,
  { scope, name, mayCreate, creation }: PushTarget,
  push: () => Promise<T | undefined>,
): Promise<T> {
  const pushed = await push();
  if (pushed !== undefined) return pushed;
  if (!(await mayCreate())) throw repositoryUnknown(scope.account, name);
  const made = await ports.repositories.create(scope.id, name, DEFAULT_SETTINGS, creation, ports.clock.now());
  try {
    const pushedAgain = await push();
    if (pushedAgain === undefined) throw repositoryUnknown(scope.account, name);
    return pushedAgain;
  } catch (error) {
    if (made.created) {
      await ports.repositories
        .discard(made.repository.id, creation, ports.clock.now())
        .catch(() => undefined);
    }
    throw error;
  }
}

/**
 * The repository that a push goes to. A missing one is created when the target says so.
 * Two first pushes at once may meet: one creates, both go on.
 * @throws RegistryError NAME_UNKNOWN, also where it was deleted as soon as it was made
 */
export async function openForPush(
  ports: Pick<RegistryPorts, "repositories" | "clock">,
  target: PushTarget,
): Promise<Repository> {
  return pushInto(ports, target, () => ports.repositories.find(target.scope.id, target.name));
}

/** Names for the catalog, a page at a time in byte order; `n` as in {@link pageSize}. */
export async function listRepositories(
  ports: Pick<RegistryPorts, "repositories">,
  scope: RegistryScope,
  page: Page,
): Promise<NamePage<RepositoryName>> {
  return cutPage(await ports.repositories.listNames(scope.id, page.last, page.n + 1), page.n);
}

/** A page of a list that is ordered by name. */
export interface Page {
  /** Entries wanted, 0 to {@link PAGE_MAX}. */
  readonly n: number;
  /** The last name of the page before; empty for the first page. */
  readonly last: string;
}

export interface NamePage<Name> {
  readonly names: readonly Name[];
  /** What `last` must be for the next page; undefined at the end. */
  readonly next: Name | undefined;
}

/** Entries of one page when the client names no number, and the most that one page has. */
export const PAGE_MAX = 1000;

/** Cuts a list that was read one entry too far, to know whether more follow. */
export function cutPage<Name>(names: readonly Name[], n: number): NamePage<Name> {
  const shown = names.slice(0, n);
  return { names: shown, next: names.length > n && n > 0 ? shown.at(-1) : undefined };
}
