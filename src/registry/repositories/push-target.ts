import type { Cause } from "../../audit/cause.ts";
import type { RepositoryName } from "../names.ts";
import type { RegistryPorts, Repository } from "../ports/index.ts";
import type { Scope } from "../scope.ts";
import { draftRepository } from "./create.ts";
import { repositoryNotCreated, repositoryUnknown } from "./errors.ts";

/** Whether a push creates the repository that it misses: `denied` without `ecr:CreateRepository`, `off` by configuration. */
export type Creation = "allowed" | "denied" | "off";

/** Where a push goes to. */
export interface PushTarget {
  readonly scope: Scope;
  readonly name: RepositoryName;
  /** Asked only where the repository is missing. */
  readonly mayCreate: () => Promise<Creation>;
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
  const allowed = await mayCreate();
  if (allowed !== "allowed") throw repositoryNotCreated(scope.account, name, allowed);
  const draft = { ...draftRepository({ name }), provisional: true };
  const made = await ports.repositories.create(scope, draft, creation, ports.clock.now());
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
  return pushInto(ports, target, () => ports.repositories.find(target.scope, target.name));
}
