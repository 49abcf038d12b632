import { parseArgs } from "node:util";
import type { MasterKey } from "../iam/master-key.ts";
import { createAccessKey } from "../iam/principals/access-keys.ts";
import type { AccountFacts, AccountStore } from "../iam/principals/accounts.ts";
import { rootArn } from "../iam/principals/arns.ts";
import type { IdentityStore } from "../iam/principals/ports/index.ts";
import type { Clock } from "../registry/clock.ts";
import { operatorCause } from "./operator.ts";

/** What the command works on: the domain with the server's own configuration. */
export interface AccountAccess {
  readonly accounts: AccountStore;
  readonly identity: IdentityStore;
  readonly masterKey: MasterKey;
  readonly clock: Clock;
  readonly region: string;
}

export type WithAccounts = (work: (access: AccountAccess) => Promise<number>) => Promise<number>;

const USAGE = `berth account create ID [--name NAME]
              list
              describe ID
              disable ID
              enable ID

  ID            12 digits
  --name NAME   what people call it, up to 50 characters
`;

/** A mistake in the arguments: said with the usage, exit code 2. */
class UsageError extends Error {}

interface Arguments {
  readonly verb: string;
  readonly id: string | undefined;
  readonly name: string | undefined;
}

/** `berth account VERB …`; resolves with the exit code: 0, 1 failed, 2 wrong usage. */
export async function accountCommand(argv: readonly string[], open: WithAccounts): Promise<number> {
  if (argv.length === 0 || argv.includes("--help")) {
    process.stdout.write(USAGE);
    return argv.length === 0 ? 2 : 0;
  }
  try {
    const args = parse(argv);
    const run = Object.hasOwn(VERBS, args.verb) ? VERBS[args.verb] : undefined;
    if (run === undefined) throw new UsageError(`unknown: berth account ${args.verb}`);
    const id = args.verb === "list" ? "" : idOf(args);
    return await open((access) => run(access, id, args));
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
  const [verb = "", id, ...more] = positionals;
  if (more.length > 0) throw new UsageError(`too many arguments: ${more.join(" ")}`);
  if (verb === "list" && id !== undefined) throw new UsageError(`too many arguments: ${id}`);
  if (values.name !== undefined && verb !== "create") {
    throw new UsageError(`--name is an option of berth account create, not of ${verb}`);
  }
  if (values.name !== undefined && !/^[^\p{Cc}]{1,50}$/u.test(values.name)) {
    throw new UsageError("--name must be 1 to 50 characters");
  }
  return { verb, id, name: values.name };
}

function parseOptions(argv: readonly string[]) {
  return parseArgs({ args: [...argv], allowPositionals: true, options: { name: { type: "string" } } });
}

function idOf({ verb, id }: Arguments): string {
  if (id === undefined) throw new UsageError(`berth account ${verb} needs an ID`);
  if (!/^\d{12}$/.test(id)) throw new UsageError(`the id of an account is 12 digits, not ${id}`);
  return id;
}

type Verb = (access: AccountAccess, id: string, args: Arguments) => Promise<number>;

const PAGE = 1000;

const VERBS: Readonly<Record<string, Verb>> = {
  async create({ accounts, identity, masterKey, clock, region }, id, { name }) {
    const at = clock.now();
    const root = rootArn(id);
    const created = await accounts.create(
      { id, name },
      region,
      operatorCause(id, "berth:CreateAccount", root),
      at,
    );
    const creation = operatorCause(id, "iam:CreateAccessKey", root);
    const key = await identity.change(id, creation, at, async (change) => {
      // Whoever was interrupted between account and key tries again: an account that nobody can use is no obstacle.
      if (!created && !(await isUnused(change))) throw new Error(`the account ${id} exists already`);
      return createAccessKey(change, masterKey, undefined, at);
    });
    print({ account: id, ...key });
    return 0;
  },
  async list({ accounts }) {
    for (let after = ""; ; ) {
      const page = await accounts.list(after, PAGE);
      for (const account of page) process.stdout.write(lineOf(account));
      const last = page.at(-1);
      if (page.length < PAGE || last === undefined) return 0;
      after = last.id;
    }
  },
  async describe({ accounts, identity }, id) {
    const account = await accounts.find(id);
    if (account === undefined) throw unknown(id);
    const { name, alias, disabled, createdAt } = account;
    const { users, groups, roles, policies, rootAccessKeys } = await identity.reader(id).countAll();
    print({
      ...{ account: id, name, alias, state: stateOf(disabled), created: createdAt.toISOString() },
      ...{ users, groups, roles, policies, rootAccessKeys },
    });
    return 0;
  },
  disable: (access, id) => setDisabled(access, id, true),
  enable: (access, id) => setDisabled(access, id, false),
};

async function isUnused(reader: ReturnType<IdentityStore["reader"]>): Promise<boolean> {
  const { users, roles, rootAccessKeys } = await reader.countAll();
  return users + roles + rootAccessKeys === 0;
}

async function setDisabled(
  { accounts, clock }: AccountAccess,
  id: string,
  disabled: boolean,
): Promise<number> {
  const cause = operatorCause(id, disabled ? "berth:DisableAccount" : "berth:EnableAccount", rootArn(id));
  if (!(await accounts.setDisabled(id, disabled, cause, clock.now()))) throw unknown(id);
  process.stdout.write(`${stateOf(disabled)} ${id}\n`);
  return 0;
}

function unknown(id: string): Error {
  return new Error(`there is no account ${id}; \`berth account list\` shows all`);
}

function lineOf({ id, disabled, name, alias }: AccountFacts): string {
  return `${[id, stateOf(disabled), name ?? alias].filter((part) => part !== undefined).join("\t")}\n`;
}

function stateOf(disabled: boolean): "disabled" | "enabled" {
  return disabled ? "disabled" : "enabled";
}

function print(shown: unknown): void {
  process.stdout.write(`${JSON.stringify(shown, null, 2)}\n`);
}
