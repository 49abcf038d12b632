import type { Cause } from "../../audit/cause.ts";
import { RegistryError } from "../errors.ts";
import type { RepositoryName } from "../names.ts";
import type { Creation, RegistryPorts, Repository, TemplateStore } from "../ports/index.ts";
import type { Scope } from "../scope.ts";
import { chooseTemplate, prefixesOf } from "../templates/prefix.ts";
import { draftRepository } from "./create.ts";
import { repositoryNotCreated, repositoryUnknown } from "./errors.ts";

/**
 * Whether a push creates the repository that it misses: `by template`, only where a template is meant for it; `denied` without
 * `ecr:CreateRepository`; `off` by configuration.
 */
export type PushCreation = "allowed" | "by template" | "denied" | "off";

/** Where a push goes to. */
export interface PushTarget {
  readonly scope: Scope;
  readonly name: RepositoryName;
  /** Asked only where the repository is missing. */
  readonly mayCreate: () => Promise<PushCreation>;
  /** Why it is created then, and removed when nothing comes of it. */
  readonly creation: Cause;
}

/** What it takes to create what a push misses. */
export interface CreationPorts extends Pick<RegistryPorts, "repositories" | "clock"> {
  readonly templates: Pick<TemplateStore, "findAll">;
}

/**
 * Puts something into a repository, which is made when it is missing and may be. `push` itself finds that it is missing,
 * and resolves with undefined then: the usual push asks nothing before. When it fails in a repository that was made for
 * it, that goes again, unless somebody else has put something into it.
 * Two first pushes at once may meet: one creates, both go on; should the creator fail, the other, if it has put nothing
 * there yet, finds the repository deleted under it.
 * @throws RegistryError NAME_UNKNOWN, REPOSITORY_POLICY_INVALID (of a template), and whatever `push` throws
 */
export async function pushInto<T>(
  ports: CreationPorts,
  target: PushTarget,
  push: () => Promise<T | undefined>,
): Promise<T> {
  const pushed = await push();
  if (pushed !== undefined) return pushed;
  const { scope, name, creation } = target;
  const made = await createForPush(ports, target);
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
export async function openForPush(ports: CreationPorts, target: PushTarget): Promise<Repository> {
  return pushInto(ports, target, () => ports.repositories.find(target.scope, target.name));
}

async function createForPush(
  { repositories, templates, clock }: CreationPorts,
  { scope, name, mayCreate, creation }: PushTarget,
): Promise<Creation> {
  const allowed = await mayCreate();
  if (allowed === "denied" || allowed === "off") throw repositoryNotCreated(scope.account, name, allowed);
  const template = chooseTemplate(await templates.findAll(scope, prefixesOf(name)), "CREATE_ON_PUSH");
  if (template === undefined && allowed === "by template") {
    throw repositoryNotCreated(scope.account, name, "off");
  }
  const draft = { ...draftRepository({ name }), provisional: true };
  if (template === undefined) return repositories.create(scope, draft, creation, clock.now());
  const { tagMutability, exclusionFilters, encryption, tags, prefix } = template;
  const as = { ...draft, tagMutability, exclusionFilters, encryption, tags };
  const made = await repositories.createWithPolicies(scope, as, template, creation, clock.now());
  if (!("missing" in made)) return made;
  const said = `the repository creation template '${prefix}' names the principal ${made.missing}, who does not exist`;
  throw new RegistryError("REPOSITORY_POLICY_INVALID", said);
}
