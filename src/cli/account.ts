import { type Command, InvalidArgumentError } from "commander";
import type { MasterKey } from "../iam/master-key.ts";
import { createAccessKey, deleteAccessKey } from "../iam/principals/access-keys.ts";
import type { AccountFacts, AccountStore } from "../iam/principals/accounts.ts";
import { rootArn } from "../iam/principals/arns.ts";
import { LIMITS } from "../iam/principals/limits.ts";
import type { IdentityStore } from "../iam/principals/ports/index.ts";
import type { Clock } from "../registry/clock.ts";
import { doing } from "./command-line.ts";
import { confirm } from "./confirm.ts";
import { type Io, writeJson, writeJsonLine } from "./io.ts";
import { operatorCause } from "./operator.ts";

/** What the command works on: the domain with the server's own configuration. */
export interface AccountAccess {
  readonly accounts: AccountStore;
  readonly identity: IdentityStore;
  readonly masterKey: MasterKey;
  readonly clock: Clock;
  /** The server's own. */
  readonly account: string;
  readonly region: string;
}

export type WithAccounts = (work: (access: AccountAccess) => Promise<void>) => Promise<void>;

/** `berth account`. */
export function addAccount(parent: Command, io: Io, open: WithAccounts): void {
  const account = parent.command("account").summary("administer accounts");
  account
    .command("create")
    .summary("make an account and print the access key of its root, this once")
    .argument("<id>", "12 digits", accountId)
    .option("--name <name>", "what people call it, up to 50 characters", accountName)
    .action(
      doing((id: string, { name }: { name?: string }) => open((access) => create(access, id, name, io))),
    );
  account
    .command("list")
    .summary("every account: id, state, name")
    .option("--json", "an account a line, as JSON")
    .action(doing(({ json = false }: { json?: boolean }) => open((access) => list(access, json, io))));
  account
    .command("describe")
    .summary("an account and how much it has, as JSON")
    .argument("<id>", "12 digits", accountId)
    .action(doing((id: string) => open((access) => describe(access, id, io))));
  account
    .command("disable")
    .summary("let nobody of the account in any more; nothing is deleted")
    .argument("<id>", "12 digits", accountId)
    .option("--yes", "ask nothing, for the server's own account")
    .action(
      doing((id: string, { yes = false }: { yes?: boolean }) =>
        open((access) => disable(access, id, yes, io)),
      ),
    );
  account
    .command("enable")
    .summary("take that back")
    .argument("<id>", "12 digits", accountId)
    .action(doing((id: string) => open((access) => setDisabled(access, id, false, io))));
  account
    .command("root-key")
    .summary("make another access key of an account's root, for who has lost every key")
    .argument("<id>", "12 digits", accountId)
    .option("--replace", "delete the root's other keys, for who has lost those too")
    .action(
      doing((id: string, { replace = false }: { replace?: boolean }) =>
        open((access) => makeRootKey(access, id, replace, io)),
      ),
    );
}

/** An argument that is the id of an account. @throws InvalidArgumentError */
export function accountId(id: string): string {
  if (/^\d{12}$/.test(id)) return id;
  throw new InvalidArgumentError("The id of an account is 12 digits.");
}

function accountName(name: string): string {
  if (/^[^\p{Cc}]{1,50}$/u.test(name)) return name;
  throw new InvalidArgumentError("It must be 1 to 50 characters.");
}

const PAGE = 1000;

async function create(
  { accounts, identity, masterKey, clock, region }: AccountAccess,
  id: string,
  name: string | undefined,
  io: Io,
): Promise<void> {
  const at = clock.now();
  const root = rootArn(id);
  const cause = operatorCause(id, "berth:CreateAccount", root);
  await accounts.create({ id, name }, region, cause, at);
  const creation = operatorCause(id, "iam:CreateAccessKey", root);
  const key = await identity.change(id, creation, at, async (change) => {
    // Whoever was interrupted between account and key tries again: an account that nobody can use is no obstacle. Whoever
    // made it asks too: another one may have come in between and have the key.
    if (!(await isUnused(change))) throw new Error(`the account ${id} exists already`);
    return createAccessKey(change, masterKey, undefined, at);
  });
  writeJson(io, { account: id, ...key });
}

/**
 * Whoever can reach the database may: it is the way back in when every key is lost, and where no policy lets anybody mend
 * another, since the root needs none.
 */
async function makeRootKey(access: AccountAccess, id: string, replace: boolean, io: Io): Promise<void> {
  const { accounts, identity, masterKey, clock } = access;
  if ((await accounts.find(id)) === undefined) throw unknown(id);
  if (replace) await deleteRootKeys(access, id);
  else if ((await identity.reader(id).listAccessKeys("root")).length >= LIMITS.accessKeysPerUser) {
    throw new Error(`the root of ${id} has ${LIMITS.accessKeysPerUser} keys already; --replace deletes them`);
  }
  const at = clock.now();
  const creation = operatorCause(id, "iam:CreateAccessKey", rootArn(id));
  const key = await identity.change(id, creation, at, (change) =>
    createAccessKey(change, masterKey, undefined, at),
  );
  writeJson(io, { account: id, ...key });
}

async function deleteRootKeys({ identity, clock }: AccountAccess, id: string): Promise<void> {
  for (const key of await identity.reader(id).listAccessKeys("root")) {
    const deletion = operatorCause(id, "iam:DeleteAccessKey", rootArn(id));
    await identity.change(id, deletion, clock.now(), (change) => deleteAccessKey(change, undefined, key.id));
  }
}

async function list({ accounts }: AccountAccess, json: boolean, io: Io): Promise<void> {
  for (let after = ""; ; ) {
    const page = await accounts.list(after, PAGE);
    for (const account of page) {
      if (json) writeJsonLine(io, shown(account));
      else io.stdout.write(lineOf(account));
    }
    const last = page.at(-1);
    if (page.length < PAGE || last === undefined) return;
    after = last.id;
  }
}

async function describe({ accounts, identity }: AccountAccess, id: string, io: Io): Promise<void> {
  const account = await accounts.find(id);
  if (account === undefined) throw unknown(id);
  const { users, groups, roles, policies, rootAccessKeys } = await identity.reader(id).countAll();
  writeJson(io, { ...shown(account), users, groups, roles, policies, rootAccessKeys });
}

/** Without its own account a server lets no administrator in: nobody does that by a slip. */
async function disable(access: AccountAccess, id: string, yes: boolean, io: Io): Promise<void> {
  if (id === access.account && !yes) {
    await confirm(
      io,
      `${id} is this server's own account, its administrator's: nobody of it will be let in.`,
      id,
    );
  }
  await setDisabled(access, id, true, io);
}

async function isUnused(reader: ReturnType<IdentityStore["reader"]>): Promise<boolean> {
  const { users, roles, rootAccessKeys } = await reader.countAll();
  return users + roles + rootAccessKeys === 0;
}

async function setDisabled(
  { accounts, clock }: AccountAccess,
  id: string,
  disabled: boolean,
  io: Io,
): Promise<void> {
  const cause = operatorCause(id, disabled ? "berth:DisableAccount" : "berth:EnableAccount", rootArn(id));
  if (!(await accounts.setDisabled(id, disabled, cause, clock.now()))) throw unknown(id);
  io.stdout.write(`${stateOf(disabled)} ${id}\n`);
}

function unknown(id: string): Error {
  return new Error(`there is no account ${id}; \`berth account list\` shows all`);
}

function shown({ id, name, alias, disabled, createdAt }: AccountFacts) {
  return { account: id, name, alias, state: stateOf(disabled), created: createdAt.toISOString() };
}

function lineOf({ id, disabled, name, alias }: AccountFacts): string {
  return `${[id, stateOf(disabled), name ?? alias].filter((part) => part !== undefined).join("\t")}\n`;
}

function stateOf(disabled: boolean): "disabled" | "enabled" {
  return disabled ? "disabled" : "enabled";
}
