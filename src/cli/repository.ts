import { type Command, InvalidArgumentError, Option } from "commander";
import type { Cause } from "../audit/cause.ts";
import { repositoryArn } from "../iam/actions.ts";
import type { Page } from "../kernel/page.ts";
import type { Clock } from "../registry/clock.ts";
import { type Reason, RegistryError } from "../registry/errors.ts";
import { parseRepositoryName, type RepositoryName } from "../registry/names.ts";
import { PAGE_MAX } from "../registry/pages.ts";
import type { RegistryStore, Repository, RepositoryStore } from "../registry/ports/index.ts";
import { createRepository, draftRepository } from "../registry/repositories/create.ts";
import { deleteRepository } from "../registry/repositories/delete.ts";
import { describeRepository, listRepositories } from "../registry/repositories/describe.ts";
import { changeSettings, type WantedSettings } from "../registry/repositories/settings.ts";
import type { Scope } from "../registry/scope.ts";
import { accountId } from "./account.ts";
import { doing, UsageError } from "./command-line.ts";
import { confirm } from "./confirm.ts";
import { type Io, writeJson, writeJsonLine } from "./io.ts";
import { operatorCause } from "./operator.ts";

/** What the command works on: the domain with the server's own configuration. */
export interface RepositoryAccess {
  readonly registries: RegistryStore;
  readonly repositories: RepositoryStore;
  readonly clock: Clock;
  readonly account: string;
  readonly region: string;
}

export type WithRepositories = (work: (access: RepositoryAccess) => Promise<void>) => Promise<void>;

interface RegistryOptions {
  readonly account?: string;
  readonly region?: string;
}

interface SettingOptions extends RegistryOptions {
  readonly sparse?: "on" | "off";
  readonly tags?: "mutable" | "immutable";
  readonly except?: readonly string[];
}

interface DeleteOptions extends RegistryOptions {
  readonly force?: boolean;
  readonly yes?: boolean;
}

/** `berth repository`. */
export function addRepository(parent: Command, io: Io, open: WithRepositories): void {
  const repository = parent.command("repository").alias("repo").summary("administer repositories");
  const verb = (name: string, summary: string): Command =>
    repository
      .command(name)
      .summary(summary)
      .option("--account <id>", "the registry's account; by default the server's", accountId)
      .option("--region <region>", "the registry's region; by default the server's");
  const inRegistry = (options: RegistryOptions, work: (registry: Located) => Promise<void>): Promise<void> =>
    open(async (access) => work(await locate(access, options)));
  addSettings(verb("create", "make a repository").argument("<name>", "", repositoryName)).action(
    doing((name: RepositoryName, options: SettingOptions) =>
      inRegistry(options, (registry) => create(registry, name, settingsOf(options), io)),
    ),
  );
  verb("list", "names, in byte order")
    .option("--json", "a repository a line, with its settings, as JSON")
    .action(
      doing(({ json = false, ...options }: RegistryOptions & { json?: boolean }) =>
        inRegistry(options, (registry) => list(registry, json, io)),
      ),
    );
  verb("describe", "settings and the number of manifests, as JSON")
    .argument("<name>", "", repositoryName)
    .action(
      doing((name: RepositoryName, options: RegistryOptions) =>
        inRegistry(options, (registry) => describe(registry, name, io)),
      ),
    );
  addSettings(
    verb("set", "change settings; waits for pushes under way").argument("<name>", "", repositoryName),
  ).action(
    doing(async (name: RepositoryName, options: SettingOptions) => {
      const settings = settingsOf(options);
      if (Object.keys(settings).length === 0) throw new UsageError("set needs --sparse or --tags");
      await inRegistry(options, (registry) => set(registry, name, settings, io));
    }),
  );
  verb("delete", "free the name at once; content follows")
    .argument("<name>", "", repositoryName)
    .option("--force", "also one that holds manifests; asks for its name on a terminal")
    .option("--yes", "ask nothing")
    .action(
      doing((name: RepositoryName, { force = false, yes = false, ...options }: DeleteOptions) =>
        inRegistry(options, (registry) => remove(registry, name, { force, yes }, io)),
      ),
    );
}

/** For an argument. @throws InvalidArgumentError */
function repositoryName(text: string): RepositoryName {
  try {
    return parseRepositoryName(text);
  } catch (error) {
    throw error instanceof RegistryError ? new InvalidArgumentError(error.message) : error;
  }
}

function addSettings(command: Command): Command {
  return command
    .addOption(
      new Option(
        "--sparse <on|off>",
        "whether manifests may name content that the repository does not have",
      ).choices(["on", "off"]),
    )
    .addOption(
      new Option("--tags <mutable|immutable>", "whether a tag may point at another manifest later").choices([
        "mutable",
        "immutable",
      ]),
    )
    .option(
      "--except <wildcard>",
      "with --tags: tags for which the opposite holds, such as 'dev-*'; may be given 5 times",
      (wildcard: string, before: readonly string[] = []) => [...before, wildcard],
    );
}

function settingsOf({ sparse, tags, except = [] }: SettingOptions): WantedSettings {
  if (tags === undefined && except.length > 0) throw new UsageError("--except needs --tags");
  return {
    ...(sparse === undefined ? {} : { sparse: sparse === "on" }),
    ...(tags === undefined ? {} : mutabilityOf(tags, except)),
  };
}

function mutabilityOf(tags: "mutable" | "immutable", except: readonly string[]): WantedSettings {
  const mutability = tags === "mutable" ? "MUTABLE" : "IMMUTABLE";
  if (except.length === 0) return { tagMutability: mutability };
  return { tagMutability: `${mutability}_WITH_EXCLUSION`, exclusionFilters: except };
}

interface Located extends RepositoryAccess {
  readonly scope: Scope;
}

async function locate(access: RepositoryAccess, options: RegistryOptions): Promise<Located> {
  const { account = access.account, region = access.region } = options;
  const id = await access.registries.find({ account, region });
  if (id === undefined) {
    const isOwn = account === access.account && region === access.region;
    const hint = isOwn
      ? "has the server been started?"
      : `the server's own is of ${access.account} in ${access.region}, \`berth account list\` shows other accounts`;
    throw new Error(`there is no registry of account ${account} in region ${region}; ${hint}`);
  }
  return { ...access, scope: { id, account, region } };
}

async function create(
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

async function list(registry: Located, json: boolean, io: Io): Promise<void> {
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

async function describe(registry: Located, name: RepositoryName, io: Io): Promise<void> {
  const repository = await describeRepository(registry, registry.scope, name);
  const manifests = await registry.repositories.countManifests(repository.id);
  writeJson(io, { ...shown(repository), manifests });
}

async function set(registry: Located, name: RepositoryName, settings: WantedSettings, io: Io): Promise<void> {
  const { scope } = registry;
  const cause = causeOf(scope, "berth:SetRepository", name);
  writeJson(io, shown(await changeSettings(registry, scope, name, settings, cause)));
}

async function remove(
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

function causeOf({ account, region }: Scope, action: string, name: RepositoryName): Cause {
  return operatorCause(account, action, repositoryArn(account, region, name));
}

function shown({ name, sparse, tagMutability, exclusionFilters, createdAt }: Repository) {
  return {
    name,
    sparse: sparse ? "on" : "off",
    tags: tagMutability.startsWith("IMMUTABLE") ? "immutable" : "mutable",
    ...(exclusionFilters.length === 0 ? {} : { except: exclusionFilters }),
    created: createdAt.toISOString(),
  };
}
