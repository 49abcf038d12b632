import { expect } from "vitest";
import {
  postgresAccounts,
  postgresIdentity,
  readAwsPolicies,
} from "../../src/adapters/postgres/iam/index.ts";
import type { Credentials } from "../../src/iam/access-keys.ts";
import { MasterKey } from "../../src/iam/master-key.ts";
import { createAccessKey } from "../../src/iam/principals/access-keys.ts";
import { createUser } from "../../src/iam/principals/create-entities.ts";
import { putInlinePolicy } from "../../src/iam/principals/inline-policies.ts";
import type { IdentityChange } from "../../src/iam/principals/ports/index.ts";
import type { Clock } from "../../src/registry/clock.ts";
import { signInHeader } from "../iam/sigv4/signer.ts";
import { ADMINISTRATOR, type TestBerth, type TestHome } from "../support/berth.ts";
import { CAUSE } from "../support/cause.ts";

export const ACCOUNT = "000000000000";
export const REGION = "us-east-1";

export type Statement = Readonly<Record<string, unknown>>;

/** What happens to principals of one home, without a door. */
export interface Scene {
  makeAccount(account: string): Promise<void>;
  /** A user of the default account, unless said, with a key and these statements. */
  makeUser(name: string, statements: readonly Statement[], account?: string): Promise<Credentials>;
  change<T>(work: (change: IdentityChange) => Promise<T>, account?: string): Promise<T>;
}

export function openScene({ database }: TestBerth, { config }: TestHome, clock: Clock): Scene {
  const identity = postgresIdentity(database);
  const masterKey = new MasterKey(config.masterKey ?? Buffer.alloc(32));
  const aws = readAwsPolicies();
  return {
    change: (work, account = ACCOUNT) => identity.change(account, CAUSE, clock.now(), work),
    async makeAccount(account) {
      await postgresAccounts(database).create({ id: account, name: undefined }, REGION, CAUSE, clock.now());
    },
    makeUser: (name, statements, account = ACCOUNT) =>
      identity.change(account, CAUSE, clock.now(), async (change) => {
        const input = { account, name, path: undefined, boundary: undefined, tags: undefined };
        await createUser(change, aws, input, clock.now());
        await putInlinePolicy(change, "user", name, { name: "given", document: document(...statements) });
        return createAccessKey(change, masterKey, name, clock.now());
      }),
  };
}

export function document(...statements: readonly Statement[]): string {
  return JSON.stringify({ Version: "2012-10-17", Statement: statements });
}

export function allow(actions: readonly string[], repository = "*"): Statement {
  const Resource = repository === "*" ? "*" : `arn:aws:ecr:*:${ACCOUNT}:repository/${repository}`;
  return { Effect: "Allow", Action: actions, Resource };
}

/** A call of ECR's own API, by the administrator unless said, which must succeed. */
export async function callEcr<Output>(
  { url }: TestBerth,
  clock: Clock,
  operation: string,
  input: object,
  { accessKeyId, secretAccessKey }: Credentials = ADMINISTRATOR,
): Promise<Output> {
  const body = JSON.stringify(input);
  const { headers } = signInHeader({
    headers: {
      Host: new URL(url).host,
      "Content-Type": "application/x-amz-json-1.1",
      "X-Amz-Target": `AmazonEC2ContainerRegistry_V20150921.${operation}`,
    },
    ...{ body, keyId: accessKeyId, secret: secretAccessKey, region: REGION, service: "ecr" },
    date: clock.now(),
  });
  const response = await fetch(url, { method: "POST", headers, body });
  const text = await response.text();
  expect(response.status, text).toBe(200);
  return JSON.parse(text);
}

/** What `docker login` sends after `aws ecr get-login-password`. */
export async function logIn(berth: TestBerth, clock: Clock, credentials: Credentials): Promise<string> {
  interface Output {
    readonly authorizationData: readonly [{ readonly authorizationToken: string }];
  }
  const output = await callEcr<Output>(berth, clock, "GetAuthorizationToken", {}, credentials);
  return `Basic ${output.authorizationData[0].authorizationToken}`;
}
