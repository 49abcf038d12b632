import { createHash, randomBytes, randomInt, timingSafeEqual } from "node:crypto";
import type { Cause } from "../audit/cause.ts";
import type { MasterKey, SealedSecret } from "./master-key.ts";
import { rootArn } from "./principals/arns.ts";

/** An access key as it is kept. */
export interface AccessKey {
  readonly id: string;
  readonly account: string;
  /** ARN of the principal it belongs to. */
  readonly principal: string;
  readonly sealed: SealedSecret;
}

/** An access key that is there already. */
export interface ExistingAccessKey extends AccessKey {
  readonly active: boolean;
}

export interface AccessKeyStore {
  /** The key of that id, active or not. */
  find(id: string): Promise<ExistingAccessKey | undefined>;
  /** Makes the account and its registry in `region` unless they exist. */
  createAccount(account: string, region: string, cause: Cause, at: Date): Promise<void>;
  /** Whether the principal has an active key. */
  hasKey(account: string, principal: string): Promise<boolean>;
  /**
   * Stores a key, and makes its user where there is none. Changes nothing when the id is taken: two nodes may do so at
   * once, and the first counts. `cause` is recorded when it is new.
   */
  add(key: AccessKey, cause: Cause, at: Date): Promise<void>;
  /** Seals the secret of a key anew, if it still is under master key `from`. */
  reseal(id: string, sealed: SealedSecret, from: string): Promise<void>;
}

/** An access key in the hands of its owner. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

const ID_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** A new long-lived key in AWS's form: `AKIA` and 16 characters; 40 characters of secret without `:`. */
export function generateCredentials(): Credentials {
  const id = Array.from({ length: 16 }, () => ID_ALPHABET[randomInt(ID_ALPHABET.length)]).join("");
  return { accessKeyId: `AKIA${id}`, secretAccessKey: randomBytes(30).toString("base64") };
}

/** The administrator of an account, until principals can be managed: a user that may do everything in it. */
export function administratorArn(account: string): string {
  return `arn:aws:iam::${account}:user/administrator`;
}

export interface Bootstrap {
  readonly account: string;
  readonly region: string;
  /** From configuration; undefined lets {@link bootstrap} generate one where none exists. */
  readonly administrator: Credentials | undefined;
  /**
   * Puts a generated key into its owner's hands before it takes effect, so that a crash in between loses nothing.
   * Undefined where there is nowhere to put it: then configuration must name the first administrator.
   */
  readonly keep: ((credentials: Credentials) => Promise<void>) | undefined;
}

/** What {@link bootstrap} has found or made. */
export interface BootstrapOutcome {
  /** The key that was generated, to be shown once; undefined when configuration gave one or one existed. */
  readonly generated: Credentials | undefined;
  /** What the operator should know: the configured key is not what counts. Holds no secret. */
  readonly warning: string | undefined;
}

/**
 * Makes the default account, and its administrator's key where the administrator has no active one. A key that exists is
 * compared with the configured one and never changed. Several nodes may do so at once with the same outcome.
 * @throws Error when there is no key, none is configured and none can be kept; when the configured secret is not that of
 * the key; and when the key is another account's
 */
export async function bootstrap(
  store: AccessKeyStore,
  masterKey: MasterKey,
  { account, region, administrator, keep }: Bootstrap,
  at: Date,
): Promise<BootstrapOutcome> {
  const principal = administratorArn(account);
  await store.createAccount(
    account,
    region,
    startCause(account, "berth:CreateAccount", rootArn(account)),
    at,
  );
  const add = async ({ accessKeyId: id, secretAccessKey }: Credentials): Promise<void> => {
    const sealed = masterKey.seal(secretAccessKey, id);
    await store.add(
      { id, account, principal, sealed },
      startCause(account, "iam:CreateAccessKey", principal),
      at,
    );
  };
  if (administrator !== undefined) {
    const exists = (await store.find(administrator.accessKeyId)) !== undefined;
    const isMissing = !exists && !(await store.hasKey(account, principal));
    if (isMissing) await add(administrator);
    return { generated: undefined, warning: await compare(store, masterKey, account, administrator) };
  }
  if (await store.hasKey(account, principal)) return { generated: undefined, warning: undefined };
  if (keep === undefined) {
    throw new Error(
      `the account ${account} has no administrator: set BERTH_ADMIN_ACCESS_KEY_ID and BERTH_ADMIN_SECRET_ACCESS_KEY`,
    );
  }
  const generated = generateCredentials();
  await keep(generated);
  await add(generated);
  return { generated, warning: undefined };
}

/** Holds the configured key against the stored one. @returns what the operator should know @throws Error when they differ */
async function compare(
  store: AccessKeyStore,
  masterKey: MasterKey,
  account: string,
  { accessKeyId: id, secretAccessKey }: Credentials,
): Promise<string | undefined> {
  const key = await store.find(id);
  if (key === undefined) {
    return (
      `BERTH_ADMIN_ACCESS_KEY_ID names ${id}, which does not exist; the administrator has other keys, and none was made: ` +
      "set the variables to one of them, or leave them out"
    );
  }
  if (key.account !== account) {
    throw new Error(`the access key ${id} belongs to another account; configure another administrator key`);
  }
  if (!masterKey.knows(key.sealed.masterKeyId)) {
    await store.reseal(id, masterKey.seal(secretAccessKey, id), key.sealed.masterKeyId);
    return `the secret of ${id} was under a lost master key; BERTH_ADMIN_SECRET_ACCESS_KEY took its place`;
  }
  if (!isSame(masterKey.open(key.sealed, id), secretAccessKey)) {
    throw new Error(
      `BERTH_ADMIN_SECRET_ACCESS_KEY is not the secret of ${id}, which exists in the database; nothing was changed. ` +
        "Give the secret that the other nodes have. A key gets no other secret: create a second key, then delete the first",
    );
  }
  if (!key.active) return `the key ${id} of BERTH_ADMIN_ACCESS_KEY_ID is inactive, and stays so`;
  const owner = administratorArn(account);
  return key.principal === owner ? undefined : `the key ${id} belongs to ${key.principal}, not to ${owner}`;
}

function isSame(one: string, other: string): boolean {
  const hash = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(hash(one), hash(other));
}

/** What the start of a node makes is its operator's doing. */
function startCause(account: string, action: string, resource: string): Cause {
  return {
    ...{ account, principal: "operator", accessKeyId: undefined, requestId: "start", sourceIp: "" },
    ...{ userAgent: "berth", action, resource },
  };
}
