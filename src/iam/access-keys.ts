import { randomBytes, randomInt } from "node:crypto";
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

export interface AccessKeyStore {
  /** The active key of that id. */
  find(id: string): Promise<AccessKey | undefined>;
  /** Makes the account and its registry in `region` unless they exist. */
  createAccount(account: string, region: string, cause: Cause, at: Date): Promise<void>;
  /** Whether the principal has an active key. */
  hasKey(account: string, principal: string): Promise<boolean>;
  /** Stores or replaces a key. False when the id belongs to another principal. `cause` is recorded when it is new. */
  put(key: AccessKey, cause: Cause, at: Date): Promise<boolean>;
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

/**
 * Makes the default account and its administrator's key. Several nodes may do so at once with the same outcome.
 * @returns the key that was generated, to be shown once; undefined when configuration gave one or one existed
 * @throws Error when there is no key, none is configured and none can be kept
 */
export async function bootstrap(
  store: AccessKeyStore,
  masterKey: MasterKey,
  { account, region, administrator, keep }: Bootstrap,
  at: Date,
): Promise<Credentials | undefined> {
  const principal = administratorArn(account);
  await store.createAccount(
    account,
    region,
    startCause(account, "berth:CreateAccount", rootArn(account)),
    at,
  );
  const put = async (credentials: Credentials): Promise<void> => {
    const { accessKeyId: id, secretAccessKey } = credentials;
    const sealed = masterKey.seal(secretAccessKey, id);
    if (
      await store.put(
        { id, account, principal, sealed },
        startCause(account, "iam:CreateAccessKey", principal),
        at,
      )
    )
      return;
    throw new Error(`the access key ${id} belongs to another principal; configure another administrator key`);
  };
  if (administrator !== undefined) {
    await put(administrator);
    return undefined;
  }
  if (await store.hasKey(account, principal)) return undefined;
  if (keep === undefined) {
    throw new Error(
      `the account ${account} has no administrator: set BERTH_ADMIN_ACCESS_KEY_ID and BERTH_ADMIN_SECRET_ACCESS_KEY`,
    );
  }
  const credentials = generateCredentials();
  await keep(credentials);
  await put(credentials);
  return credentials;
}

/** What the start of a node makes is its operator's doing. */
function startCause(account: string, action: string, resource: string): Cause {
  return {
    ...{ account, principal: "operator", accessKeyId: undefined, requestId: "start", sourceIp: "" },
    ...{ userAgent: "berth", action, resource },
  };
}
