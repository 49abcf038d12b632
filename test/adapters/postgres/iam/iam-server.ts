import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { CasbinDecider } from "../../../../src/adapters/casbin/decider.ts";
import { providerFetch } from "../../../../src/adapters/oidc/fetch-json.ts";
import { type Database, openDatabase } from "../../../../src/adapters/postgres/database.ts";
import {
  postgresAccessKeyStore,
  postgresAccounts,
  postgresCredentials,
  postgresIdentity,
  postgresMfaAttempts,
  postgresPrincipalPolicies,
  postgresSessions,
  readAwsPolicies,
} from "../../../../src/adapters/postgres/iam/index.ts";
import { openAwsDoor } from "../../../../src/http/aws/door.ts";
import type { AwsAuthorizer } from "../../../../src/http/aws/enter.ts";
import { iamHandlers } from "../../../../src/http/aws/iam/index.ts";
import { PageTokens } from "../../../../src/http/aws/page-tokens.ts";
import { stsHandlers } from "../../../../src/http/aws/sts/index.ts";
import { bootstrap, type Credentials } from "../../../../src/iam/access-keys.ts";
import { MasterKey } from "../../../../src/iam/master-key.ts";
import { IssuerKeys } from "../../../../src/iam/oidc/issuer-keys.ts";
import { OidcVerifier } from "../../../../src/iam/oidc/verify.ts";
import { evaluate } from "../../../../src/iam/policy/evaluate.ts";
import { globalContext } from "../../../../src/iam/principals/global-context.ts";
import { PrincipalPolicyCache } from "../../../../src/iam/principals/principal-policy-cache.ts";
import { StoredPolicies } from "../../../../src/iam/principals/stored-policies.ts";
import type { StsPorts } from "../../../../src/iam/sessions/ports.ts";
import { SignatureVerifier } from "../../../../src/iam/sigv4/verify.ts";
import { OutboundHosts } from "../../../../src/kernel/outbound-hosts.ts";
import { signInHeader } from "../../../iam/sigv4/signer.ts";
import { beginExchange } from "../../../support/begin-exchange.ts";
import { createDatabase } from "../../../support/berth.ts";
import { CAUSE } from "../../../support/cause.ts";
import { ManualClock } from "../../../support/clock.ts";
import { UNLIMITED } from "../../../support/logins.ts";

export const ACCOUNT = "111122223333";
export const OTHER = "444455556666";
export const REGION = "eu-central-1";
const ADMINISTRATOR = { accessKeyId: "AKIAADMINISTRATOR000", secretAccessKey: "secret-of-the-administrator" };
const OTHER_ADMINISTRATOR = { accessKeyId: "AKIAADMINISTRATOR001", secretAccessKey: "secret-of-the-other" };

export interface Keys extends Credentials {
  readonly sessionToken?: string;
}

/** An answer of the Query door: what the tests look at is found by element name. */
export interface XmlAnswer {
  readonly status: number;
  readonly text: string;
  /** Contents of every element of that name. */
  all(element: string): readonly string[];
  /** The first of them; empty when there is none. */
  one(element: string): string;
}

export interface IamServer {
  readonly url: string;
  readonly clock: ManualClock;
  readonly database: Database;
  readonly ports: StsPorts;
  readonly administrator: Keys;
  /** Of the account {@link OTHER}. */
  readonly otherAdministrator: Keys;
  /** A signed call, by the administrator unless said; unsigned for `null`. */
  call(
    service: "iam" | "sts",
    action: string,
    parameters?: Parameters,
    keys?: Keys | null,
  ): Promise<XmlAnswer>;
  /** A user with a key, and an inline policy that allows `actions` on `*`. */
  makeUser(name: string, actions?: readonly string[]): Promise<Keys>;
  close(): Promise<void>;
}

export type Parameters = Readonly<Record<string, string | number | boolean>>;

export async function startIamServer(): Promise<IamServer> {
  const { connection, drop } = await createDatabase();
  const database = openDatabase({ ...connection, poolSize: 6 }, () => undefined);
  const clock = new ManualClock();
  const masterKey = new MasterKey(MasterKey.generate());
  const aws = readAwsPolicies();
  const stored = new StoredPolicies();
  const policyStore = postgresPrincipalPolicies(database, aws, stored);
  const decider = new CasbinDecider();
  // Issuers of tests are on this machine, by this address alone.
  const issuerHosts = new OutboundHosts(["127.0.0.1"]);
  const ports: StsPorts = {
    denials: { noteDenial: () => true },
    ...{ identity: postgresIdentity(database), sessions: postgresSessions(database), aws, stored, decider },
    ...{
      policies: new PrincipalPolicyCache(policyStore, clock),
      masterKey,
      mfa: postgresMfaAttempts(database),
      webIdentity: new OidcVerifier(new IssuerKeys(providerFetch({ hosts: issuerHosts }))),
      clock,
    },
  };
  for (const [account, administrator] of [
    [ACCOUNT, ADMINISTRATOR],
    [OTHER, OTHER_ADMINISTRATOR],
  ] as const) {
    await postgresAccounts(database).create({ id: account, name: undefined }, REGION, CAUSE, clock.now());
    const input = { account, region: REGION, administrator, keep: undefined };
    await bootstrap(postgresAccessKeyStore(database), masterKey, input, clock.now());
  }
  const door = openAwsDoor({
    verifier: new SignatureVerifier(postgresCredentials(database, masterKey)),
    logins: UNLIMITED,
    onChange: () => undefined,
    authorizer: realAuthorizer(ports),
    ...{ clock, regions: [REGION], defaultRegistry: { account: ACCOUNT, region: REGION } },
    handlers: {
      iam: iamHandlers({
        ...{ ...ports, issuerHosts, policies: policyStore, tokens: new PageTokens(Buffer.alloc(32, 1)) },
      }),
      sts: stsHandlers(ports),
    },
  });
  const server = createServer((request, response) => {
    const exchange = beginExchange(request);
    if (door(exchange, request, response) === undefined) response.writeHead(404).end();
    response.on("close", () => {
      // A defect shows its stack in the output of the test.
      if (exchange.error instanceof Error && response.statusCode >= 500)
        console.error(exchange.error.cause ?? exchange.error);
    });
  });
  await new Promise<void>((resolve) =>
    server.listen(Number(process.env["IAM_SERVER_PORT"] ?? 0), "127.0.0.1", resolve),
  );
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const call: IamServer["call"] = async (service, action, parameters = {}, keys = ADMINISTRATOR) => {
    const version = service === "iam" ? "2010-05-08" : "2011-06-15";
    const body = new URLSearchParams({ Action: action, Version: version });
    for (const [name, value] of Object.entries(parameters)) body.append(name, String(value));
    const headers = { Host: host, "Content-Type": "application/x-www-form-urlencoded" };
    const signed =
      keys === null
        ? { headers }
        : signInHeader({
            ...{ headers, body: String(body), keyId: keys.accessKeyId, secret: keys.secretAccessKey },
            ...{ region: "us-east-1", service, date: clock.now() },
            ...(keys.sessionToken === undefined ? {} : { token: keys.sessionToken }),
          });
    const response = await fetch(`http://${host}/`, {
      method: "POST",
      headers: signed.headers,
      body: String(body),
    });
    return xmlAnswer(response.status, await response.text());
  };
  return {
    ...{ url: `http://${host}`, clock, database, ports, call },
    ...{ administrator: ADMINISTRATOR, otherAdministrator: OTHER_ADMINISTRATOR },
    async makeUser(name, actions = []) {
      await call("iam", "CreateUser", { UserName: name });
      if (actions.length > 0) {
        const policy = { UserName: name, PolicyName: "given", PolicyDocument: allow(actions) };
        await call("iam", "PutUserPolicy", policy);
      }
      return keysOf(await call("iam", "CreateAccessKey", { UserName: name }));
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await database.close();
      await drop();
    },
  };
}

/** Decides as the composition does, from the principal's policies alone. */
function realAuthorizer(ports: StsPorts): AwsAuthorizer {
  return {
    async decide(caller, action, resource, { conditions = {}, ...context }) {
      const policies = await ports.policies.load({
        account: caller.account,
        uniqueId: caller.kind === "root" ? undefined : caller.uniqueId,
        accessKeyId: caller.accessKeyId,
      });
      if (policies === undefined) return { allowed: false, reason: "nobody" };
      const request = { ...context, secure: context.secureTransport, region: REGION };
      const verdict = evaluate(
        {
          ...{ caller, action, resource, owner: caller.account, resourcePolicies: [] },
          ...{ identity: policies.identity, boundary: policies.boundary, session: policies.session },
          context: globalContext(caller, policies, request, conditions),
        },
        ports.decider,
      );
      return verdict.allowed ? { allowed: true } : { allowed: false, reason: verdict.message };
    },
  };
}

function xmlAnswer(status: number, text: string): XmlAnswer {
  const all = (element: string): readonly string[] =>
    [...text.matchAll(new RegExp(`<${element}>(.*?)</${element}>`, "gs"))].map(([, content = ""]) =>
      content
        .replaceAll("&lt;", "<")
        .replaceAll("&gt;", ">")
        .replaceAll("&quot;", '"')
        .replaceAll("&#39;", "'")
        .replaceAll("&apos;", "'")
        .replaceAll("&amp;", "&"),
    );
  return { status, text, all, one: (element) => all(element)[0] ?? "" };
}

/** The credentials in an answer. */
export function keysOf(answer: XmlAnswer): Keys {
  const sessionToken = answer.one("SessionToken");
  return {
    ...{ accessKeyId: answer.one("AccessKeyId"), secretAccessKey: answer.one("SecretAccessKey") },
    ...(sessionToken === "" ? {} : { sessionToken }),
  };
}

/** A policy document with one statement that allows. */
export function allow(actions: readonly string[], resource = "*", more: object = {}): string {
  const statement = { Effect: "Allow", Action: actions, Resource: resource, ...more };
  return JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
}

/** A trust policy with one statement. */
export function trust(
  principal: unknown,
  action: string | readonly string[] = "sts:AssumeRole",
  condition?: object,
): string {
  const statement = {
    Effect: "Allow",
    Principal: principal,
    Action: action,
    ...(condition && { Condition: condition }),
  };
  return JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
}
