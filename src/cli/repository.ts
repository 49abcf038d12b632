import { parseArgs } from "node:util";
import type { Cause } from "../audit/cause.ts";
import { repositoryArn } from "../iam/actions.ts";
import type { Clock } from "../registry/clock.ts";
import { parseRepositoryName, type RepositoryName } from "../registry/names.ts";
import type { Repository, RepositorySettings, RepositoryStore } from "../registry/ports/index.ts";
import { repositoryUnknown } from "../registry/repositories/errors.ts";
import { DEFAULT_SETTINGS } from "../registry/repositories/settings.ts";
import type { RegistryAddress, RegistryId } from "../registry/scope.ts";
import { operatorCause } from "./operator.ts";

/** What the command works on: the domain with the server's own configuration. */
export interface RepositoryAccess {
  readonly repositories: RepositoryStore;
  readonly clock: Clock;
  readonly account: string;
  readonly region: string;
}

export type WithRepositories = (work: (access: RepositoryAccess) => Promise<number>) => Promise<number>;

const USAGE = `berth repository create NAME [--sparse on|off] [--tags mutable|immutable]
                 list
                 describe NAME
                 set NAME [--sparse on|off] [--tags mutable|immutable]
                 delete NAME [--force]

  --account ID, --region REGION   the registry; by default the server's
  --sparse on                     manifests may name content that the repository does not have
  --tags immutable                a tag, once set, never points at another manifest
  --force                         delete a repository that holds manifests
`;

/** A mistake in the arguments: said with the usage, exit code 2. */
class UsageError extends Error {}

interface Arguments {
  readonly verb: string;
  readonly name: string | undefined;
  readonly account: string | undefined;
  readonly region: string | undefined;
  readonly settings: Partial<RepositorySettings>;
  readonly force: boolean;
}

/** `berth repository VERB …`; resolves with the exit code: 0, 1 failed, 2 wrong usage. */
export async function repositoryCommand(argv: readonly string[], open: WithRepositories): Promise<number> {
  if (argv.length === 0 || argv.includes("--help")) {
    process.stdout.write(USAGE);
    return argv.length === 0 ? 2 : 0;
  }
  try {
    const args = parse(argv);
    const run = Object.hasOwn(VERBS, args.verb) ? VERBS[args.verb] : undefined;
    if (run === undefined) throw new UsageError(`unknown: berth repository ${args.verb}`);
    return await open(async (access) => run(await locate(access, args), args));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}\n\n${USAGE}`);
    return 2;
  }
}

function parse(argv: readonly string[]): Arguments {
  let parsed: ReturnType<typeof parseOptions>;
  try {
    parsed = parseOptions(argv);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  const { values, positionals } = parsed;
  const [verb = "", name, ...more] = positionals;
  if (more.length > 0) throw new UsageError(`too many arguments: ${more.join(" ")}`);
  return {
    ...{ verb, name, account: values.account, region: values.region, force: values.force ?? false },
    settings: {
      ...(values.sparse === undefined ? {} : { sparse: choose("sparse", values.sparse, SPARSE) }),
      ...(values.tags === undefined ? {} : { tagMutability: choose("tags", values.tags, MUTABILITY) }),
    },
  };
}

function parseOptions(argv: readonly string[]) {
  return parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      account: { type: "string" },
      region: { type: "string" },
      sparse: { type: "string" },
      tags: { type: "string" },
      force: { type: "boolean" },
    },
  });
}

const SPARSE = { on: true, off: false } as const;
const MUTABILITY = { mutable: "MUTABLE", immutable: "IMMUTABLE" } as const;

function choose<T>(option: string, value: string, choices: Readonly<Record<string, T>>): T {
  const chosen = Object.hasOwn(choices, value) ? choices[value] : undefined;
  if (chosen === undefined) {
    throw new UsageError(`--${option} must be ${Object.keys(choices).join(" or ")}, not ${value}`);
  }
  return chosen;
}

interface Located extends RepositoryAccess {
  readonly registryId: RegistryId;
}

async function locate(access: RepositoryAccess, args: Arguments): Promise<Located> {
  const account = args.account ?? access.account;
  const region = args.region ?? access.region;
  const registryId = await access.repositories.findRegistry(account, region);
  if (registryId === undefined) {
    throw new Error(
      `there is no registry of account ${account} in region ${region}; has the server been started?`,
    );
  }
  return { ...access, account, region, registryId };
}

type Verb = (registry: Located, args: Arguments) => Promise<number>;

const VERBS: Readonly<Record<string, Verb>> = {
  async create({ repositories, clock, registryId, account, region }, args) {
    const settings = { ...DEFAULT_SETTINGS, ...args.settings };
    const { repository, created } = await repositories.create(
      registryId,
      nameOf(args),
      settings,
      causeOf({ account, region }, "ecr:CreateRepository", nameOf(args)),
      clock.now(),
    );
    if (!created) throw new Error(`the repository ${repository.name} exists already; \`set\` changes it`);
    print(repository);
    return 0;
  },
  async list({ repositories, registryId }) {
    for (let last = ""; ; ) {
      const names = await repositories.listNames(registryId, last, 1000);
      for (const name of names) process.stdout.write(`${name}\n`);
      const next = names.at(-1);
      if (names.length < 1000 || next === undefined) return 0;
      last = next;
    }
  },
  async describe(registry, args) {
    const repository = await existing(registry, args);
    print(repository, { manifests: await registry.repositories.countManifests(repository.id) });
    return 0;
  },
  async set(registry, args) {
    if (Object.keys(args.settings).length === 0) throw new UsageError("nothing to set");
    const name = nameOf(args);
    const cause = causeOf(registry, "berth:SetRepository", name);
    const { repositories, registryId, clock } = registry;
    const changed = await repositories.change(registryId, name, args.settings, cause, clock.now());
    if (changed === undefined) throw repositoryUnknown(registry.account, name);
    print(changed);
    return 0;
  },
  async delete(registry, args) {
    const repository = await existing(registry, args);
    const manifests = await registry.repositories.countManifests(repository.id);
    if (manifests > 0 && !args.force) {
      throw new Error(
        `the repository ${repository.name} holds ${manifests} manifest(s); --force deletes them with it`,
      );
    }
    const cause = causeOf(registry, "ecr:DeleteRepository", repository.name);
    const { repositories, registryId, clock } = registry;
    await repositories.delete(registryId, repository.name, cause, clock.now());
    process.stdout.write(`deleted ${repository.name}\n`);
    return 0;
  },
};

function causeOf({ account, region }: RegistryAddress, action: string, name: RepositoryName): Cause {
  return operatorCause(account, action, repositoryArn(account, region, name));
}

function nameOf({ verb, name }: Arguments): RepositoryName {
  if (name === undefined) throw new UsageError(`berth repository ${verb} needs a NAME`);
  return parseRepositoryName(name);
}

async function existing(registry: Located, args: Arguments): Promise<Repository> {
  const name = nameOf(args);
  const repository = await registry.repositories.find(registry.registryId, name);
  if (repository === undefined) throw repositoryUnknown(registry.account, name);
  return repository;
}

function print(repository: Repository, more: Readonly<Record<string, unknown>> = {}): void {
  const { name, sparse, tagMutability, createdAt } = repository;
  const tags = tagMutability.toLowerCase();
  const shown = { name, sparse: sparse ? "on" : "off", tags, created: createdAt.toISOString(), ...more };
  process.stdout.write(`${JSON.stringify(shown, null, 2)}\n`);
}
