import { type Command, InvalidArgumentError, Option } from "commander";
import type { Cause } from "../audit/cause.ts";
import { repositoryArn } from "../iam/actions.ts";
import type { Clock } from "../registry/clock.ts";
import { RegistryError } from "../registry/errors.ts";
import { parseRepositoryName, type RepositoryName } from "../registry/names.ts";
import type { Repository, RepositorySettings, RepositoryStore } from "../registry/ports/index.ts";
import { repositoryUnknown } from "../registry/repositories/errors.ts";
import { DEFAULT_SETTINGS } from "../registry/repositories/settings.ts";
import type { RegistryAddress, RegistryId } from "../registry/scope.ts";
import { doing, UsageError } from "./command-line.ts";
import { confirm } from "./confirm.ts";
import { type Io, writeJson, writeJsonLine } from "./io.ts";
import { operatorCause } from "./operator.ts";

/** What the command works on: the domain with the server's own configuration. */
export interface RepositoryAccess {
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
      .option("--account <id>", "the registry's account; by default the server's")
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
    );
}

function settingsOf({ sparse, tags }: SettingOptions): Partial<RepositorySettings> {
  return {
    ...(sparse === undefined ? {} : { sparse: sparse === "on" }),
    ...(tags === undefined ? {} : { tagMutability: tags === "mutable" ? "MUTABLE" : "IMMUTABLE" }),
  };
}

interface Located extends RepositoryAccess {
  readonly registryId: RegistryId;
}

async function locate(access: RepositoryAccess, options: RegistryOptions): Promise<Located> {
  const { account = access.account, region = access.region } = options;
  const registryId = await access.repositories.findRegistry(account, region);
  if (registryId === undefined) {
    throw new Error(
      `there is no registry of account ${account} in region ${region}; has the server been started?`,
    );
  }
  return { ...access, account, region, registryId };
}

async function create(
  registry: Located,
  name: RepositoryName,
  settings: Partial<RepositorySettings>,
  io: Io,
): Promise<void> {
  const { repositories, registryId, clock } = registry;
  const all = { ...DEFAULT_SETTINGS, ...settings };
  const cause = causeOf(registry, "ecr:CreateRepository", name);
  const { repository, created } = await repositories.create(registryId, name, all, cause, clock.now());
  if (!created) throw new Error(`the repository ${repository.name} exists already; \`set\` changes it`);
  writeJson(io, shown(repository));
}

const PAGE = 1000;

async function list({ repositories, registryId }: Located, json: boolean, io: Io): Promise<void> {
  for (let last = ""; ; ) {
    const names = await repositories.listNames(registryId, last, PAGE);
    for (const name of names) {
      if (!json) io.stdout.write(`${name}\n`);
      else {
        const repository = await repositories.find(registryId, name);
        if (repository !== undefined) writeJsonLine(io, shown(repository));
      }
    }
    const next = names.at(-1);
    if (names.length < PAGE || next === undefined) return;
    last = next;
  }
}

async function describe(registry: Located, name: RepositoryName, io: Io): Promise<void> {
  const repository = await existing(registry, name);
  const manifests = await registry.repositories.countManifests(repository.id);
  writeJson(io, { ...shown(repository), manifests });
}

async function set(
  registry: Located,
  name: RepositoryName,
  settings: Partial<RepositorySettings>,
  io: Io,
): Promise<void> {
  const cause = causeOf(registry, "berth:SetRepository", name);
  const { repositories, registryId, clock } = registry;
  const changed = await repositories.change(registryId, name, settings, cause, clock.now());
  if (changed === undefined) throw repositoryUnknown(registry.account, name);
  writeJson(io, shown(changed));
}

async function remove(
  registry: Located,
  name: RepositoryName,
  { force, yes }: { readonly force: boolean; readonly yes: boolean },
  io: Io,
): Promise<void> {
  const repository = await existing(registry, name);
  const manifests = await registry.repositories.countManifests(repository.id);
  if (manifests > 0 && !force) {
    throw new Error(`the repository ${name} holds ${manifests} manifest(s); --force deletes them with it`);
  }
  if (manifests > 0 && !yes) await confirm(io, `${manifests} manifest(s) of ${name} go with it.`, name);
  const cause = causeOf(registry, "ecr:DeleteRepository", name);
  const { repositories, registryId, clock } = registry;
  await repositories.delete(registryId, name, cause, clock.now());
  io.stdout.write(`deleted ${name}\n`);
}

function causeOf({ account, region }: RegistryAddress, action: string, name: RepositoryName): Cause {
  return operatorCause(account, action, repositoryArn(account, region, name));
}

async function existing(registry: Located, name: RepositoryName): Promise<Repository> {
  const repository = await registry.repositories.find(registry.registryId, name);
  if (repository === undefined) throw repositoryUnknown(registry.account, name);
  return repository;
}

function shown({ name, sparse, tagMutability, createdAt }: Repository) {
  const tags = tagMutability.toLowerCase();
  return { name, sparse: sparse ? "on" : "off", tags, created: createdAt.toISOString() };
}
