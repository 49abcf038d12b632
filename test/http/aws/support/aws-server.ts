import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Handlers } from "../../../../src/http/aws/call.ts";
import { type AwsDoorDependencies, openAwsDoor } from "../../../../src/http/aws/door.ts";
import type { Whereabouts } from "../../../../src/http/client.ts";
import type { Exchange } from "../../../../src/http/observe.ts";
import type { SigningCredential } from "../../../../src/iam/sigv4/credential-store.ts";
import { type Mismatch, SignatureVerifier } from "../../../../src/iam/sigv4/verify.ts";
import type { Clock } from "../../../../src/registry/clock.ts";
import { signInHeader, type ToSign } from "../../../iam/sigv4/signer.ts";
import { beginExchange } from "../../../support/begin-exchange.ts";
import { ManualClock } from "../../../support/clock.ts";
import { UNLIMITED } from "../../../support/logins.ts";

export const ACCOUNT = "123456789012";
export const REGION = "eu-north-1";
export const KEY_ID = "AKIAIOSFODNN7EXAMPLE";
export const SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
export const USER_ARN = `arn:aws:iam::${ACCOUNT}:user/anna`;

/** The user of {@link USER_ARN}, as one of her keys proves her. */
export function annaWith(accessKeyId: string): SigningCredential["principal"] {
  return {
    ...{ kind: "user", account: ACCOUNT, arn: USER_ARN, accessKeyId },
    ...{ uniqueId: "AIDAANNAANNAANNAANNA", name: "anna" },
  };
}

/** One decision that the door asked for. */
export interface Asked {
  readonly action: string;
  readonly resource: string;
  readonly conditions: unknown;
  readonly context: unknown;
}

export interface AwsServer extends AsyncDisposable {
  readonly url: string;
  readonly host: string;
  readonly clock: ManualClock;
  readonly credentials: Map<string, SigningCredential>;
  readonly asked: Asked[];
  /** Actions that are denied, each with its reason. */
  readonly denied: Map<string, string>;
  readonly mismatches: Mismatch[];
  readonly exchanges: Exchange[];
}

export interface AwsServerOptions {
  readonly handlers?: Handlers;
  readonly clock?: Clock;
  readonly port?: number;
  readonly door?: Partial<AwsDoorDependencies>;
  readonly whereabouts?: Whereabouts;
}

/** The AWS door alone. What it leaves to others is answered 404. */
export async function startAwsServer(options: AwsServerOptions = {}): Promise<AwsServer> {
  const clock = new ManualClock();
  const credentials = new Map<string, SigningCredential>([
    [KEY_ID, { secret: SECRET, principal: annaWith(KEY_ID) }],
  ]);
  const asked: Asked[] = [];
  const denied = new Map<string, string>();
  const mismatches: Mismatch[] = [];
  const exchanges: Exchange[] = [];
  const store = { find: async (id: string) => credentials.get(id) };
  const door = openAwsDoor({
    verifier: new SignatureVerifier(store, (mismatch) => mismatches.push(mismatch)),
    logins: UNLIMITED,
    onChange: () => undefined,
    authorizer: {
      async decide(_principal, action, resource, { conditions, ...context }) {
        asked.push({ action, resource, conditions, context });
        const reason = denied.get(action);
        return reason === undefined ? { allowed: true } : { allowed: false, reason };
      },
    },
    clock: options.clock ?? clock,
    regions: [REGION],
    defaultRegistry: { account: ACCOUNT, region: REGION },
    handlers: options.handlers ?? {},
    ...options.door,
  });
  const server = createServer((request, response) => {
    const exchange = beginExchange(request, options.whereabouts);
    exchanges.push(exchange);
    const handled = door(exchange, request, response);
    if (handled === undefined) response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, "127.0.0.1", resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: `http://${host}`,
    host,
    clock,
    credentials,
    asked,
    denied,
    mismatches,
    exchanges,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export interface JsonAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

/** One signed call of a JSON service. */
export async function callJson(
  server: AwsServer,
  operation: string,
  input: unknown,
  changed: Partial<ToSign> & { readonly target?: string } = {},
): Promise<JsonAnswer> {
  const { target = `AmazonEC2ContainerRegistry_V20150921.${operation}`, ...rest } = changed;
  const body = typeof input === "string" ? input : JSON.stringify(input);
  const signed = signInHeader({
    headers: { Host: server.host, "Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": target },
    body,
    keyId: KEY_ID,
    secret: SECRET,
    region: REGION,
    service: "ecr",
    date: server.clock.now(),
    ...rest,
  });
  return answerOf(await fetch(server.url + signed.path, { method: "POST", headers: signed.headers, body }));
}

export async function answerOf(response: Response): Promise<JsonAnswer> {
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as JsonAnswer["body"],
  };
}

/** One signed call of a Query service; gives status and document. */
export async function callQuery(
  server: AwsServer,
  parameters: Readonly<Record<string, string>>,
  changed: Partial<ToSign> = {},
): Promise<{ readonly status: number; readonly headers: Headers; readonly xml: string }> {
  const body = new URLSearchParams(parameters).toString();
  const signed = signInHeader({
    headers: { Host: server.host, "Content-Type": "application/x-www-form-urlencoded; charset=utf-8" },
    body,
    keyId: KEY_ID,
    secret: SECRET,
    region: "us-east-1",
    service: "iam",
    date: server.clock.now(),
    ...changed,
  });
  const response = await fetch(server.url + signed.path, { method: "POST", headers: signed.headers, body });
  return { status: response.status, headers: response.headers, xml: await response.text() };
}
