import { type Command, InvalidArgumentError } from "commander";
import { RegistryError } from "../../registry/errors.ts";
import { parseRepositoryName, type RepositoryName } from "../../registry/names.ts";
import type { ResourceTag } from "../../registry/repositories/resource-tags.ts";
import { accountId } from "../account.ts";
import { doing, UsageError } from "../command-line.ts";
import type { Io } from "../io.ts";
import { type Located, locate, type RegistryOptions, type RepositoryAccess } from "./registry.ts";
import { addSettings, type SettingOptions, settingsOf } from "./settings.ts";
import { resourceTag, tag, untag } from "./tags.ts";
import { create, describe, list, remove, set } from "./verbs.ts";

export type WithRepositories = (work: (access: RepositoryAccess) => Promise<void>) => Promise<void>;

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
  verb("describe", "settings, AWS tags and the number of manifests, as JSON")
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
  verb("tag", "put AWS tags, which conditions of policies ask for, over those that there are")
    .argument("<name>", "", repositoryName)
    .argument("<key=value...>", "such as team=blue", resourceTag)
    .action(
      doing((name: RepositoryName, tags: readonly ResourceTag[], options: RegistryOptions) =>
        inRegistry(options, (registry) => tag(registry, name, tags, io)),
      ),
    );
  verb("untag", "take AWS tags away")
    .argument("<name>", "", repositoryName)
    .argument("<key...>", "such as team")
    .action(
      doing((name: RepositoryName, keys: readonly string[], options: RegistryOptions) =>
        inRegistry(options, (registry) => untag(registry, name, keys, io)),
      ),
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
