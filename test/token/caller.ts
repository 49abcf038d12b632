import { setTimeout as pause } from "node:timers/promises";
import { expect } from "vitest";
import { VERSION_BELIEVED } from "../../src/iam/access/account-versions.ts";
import { signInHeader } from "../iam/sigv4/signer.ts";
import { ADMINISTRATOR, basic, type TestBerth } from "../support/berth.ts";
import { type Answer, exchange } from "../support/exchange.ts";

/** Keys that sign, and that log in as Basic credentials. */
export interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export const BEARER_HOST = "bearer.example.com:5050";
export const BASIC_HOST = "basic.example.com:5050";
export const ACCOUNT = "000000000000";
export const BEARER_ENV = { BERTH_BEARER_HOSTS: "bearer.example.com, other.example.com" };

/** An operation of IAM or STS; returns its XML. */
export async function callQuery(
  berth: TestBerth,
  service: "iam" | "sts",
  parameters: Readonly<Record<string, string>>,
  keys: Keys = ADMINISTRATOR,
): Promise<string> {
  const version = service === "iam" ? "2010-05-08" : "2011-06-15";
  const body = new URLSearchParams({ Version: version, ...parameters }).toString();
  return send(berth, service, { "Content-Type": "application/x-www-form-urlencoded" }, body, keys);
}

/** An operation of the ECR API; returns its JSON. */
export async function callEcr(
  berth: TestBerth,
  operation: string,
  input: unknown,
  keys: Keys = ADMINISTRATOR,
): Promise<Record<string, unknown>> {
  const headers = {
    "Content-Type": "application/x-amz-json-1.1",
    "X-Amz-Target": `AmazonEC2ContainerRegistry_V20150921.${operation}`,
  };
  return JSON.parse(await send(berth, "ecr", headers, JSON.stringify(input), keys));
}

async function send(
  berth: TestBerth,
  service: string,
  headers: Readonly<Record<string, string>>,
  body: string,
  { accessKeyId, secretAccessKey, sessionToken }: Keys,
): Promise<string> {
  const signed = signInHeader({
    headers: { Host: new URL(berth.url).host, ...headers },
    ...{ body, keyId: accessKeyId, secret: secretAccessKey, region: "us-east-1", service, date: new Date() },
    ...(sessionToken === undefined ? {} : { token: sessionToken }),
  });
  const answer = await fetch(berth.url, { method: "POST", headers: signed.headers, body });
  const text = await answer.text();
  expect(answer.status, text).toBe(200);
  return text;
}

/** A user with one inline policy, and a key of theirs. */
export async function createUser(berth: TestBerth, name: string, ...statements: unknown[]): Promise<Keys> {
  await callQuery(berth, "iam", { Action: "CreateUser", UserName: name });
  if (statements.length > 0) {
    const PolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement: statements });
    const PolicyName = "own";
    await callQuery(berth, "iam", { Action: "PutUserPolicy", UserName: name, PolicyName, PolicyDocument });
  }
  return keysIn(await callQuery(berth, "iam", { Action: "CreateAccessKey", UserName: name }));
}

export function keysIn(xml: string): Keys {
  const of = (name: string): string => new RegExp(`<${name}>([^<]+)</${name}>`).exec(xml)?.[1] ?? "";
  const keys = { accessKeyId: of("AccessKeyId"), secretAccessKey: of("SecretAccessKey") };
  const sessionToken = of("SessionToken");
  return sessionToken === "" ? keys : { ...keys, sessionToken };
}

export function statement(effect: "Allow" | "Deny", actions: readonly string[], ...names: string[]): unknown {
  const Resource = names.map((name) => `arn:aws:ecr:us-east-1:${ACCOUNT}:repository/${name}`);
  return { Effect: effect, Action: actions.map((action) => `ecr:${action}`), Resource };
}

export const PULL = ["BatchGetImage", "GetDownloadUrlForLayer", "BatchCheckLayerAvailability", "ListImages"];
export const PUSH = [
  ...["BatchCheckLayerAvailability", "InitiateLayerUpload", "UploadLayerPart", "CompleteLayerUpload"],
  ...["PutImage", "CreateRepository"],
];

/** Lets everybody, in the words of AWS's examples, do these actions, and waits until it is in force. */
export async function openToAll(
  berth: TestBerth,
  repositoryName: string,
  actions: readonly string[] = PULL,
): Promise<void> {
  const Statement = [{ Effect: "Allow", Principal: "*", Action: actions.map((action) => `ecr:${action}`) }];
  const policyText = JSON.stringify({ Version: "2012-10-17", Statement });
  await callEcr(berth, "SetRepositoryPolicy", { repositoryName, policyText });
  await pause(VERSION_BELIEVED + 50);
}

export function basicOf({ accessKeyId, secretAccessKey, sessionToken }: Keys): string {
  return basic(
    accessKeyId,
    sessionToken === undefined ? secretAccessKey : `${secretAccessKey}.${sessionToken}`,
  );
}

/** GET /token on the bearer host; an empty `authorization` sends none. */
export function getToken(
  berth: TestBerth,
  authorization: string,
  scopes: readonly string[] = [],
  more: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const query = new URLSearchParams({ service: BEARER_HOST, ...more });
  for (const scope of scopes) query.append("scope", scope);
  return exchange(berth, { path: `/token?${query}`, headers: { authorization, host: BEARER_HOST } });
}

/** POST /token on the bearer host, without a header that proves anything. */
export function postToken(
  berth: TestBerth,
  form: Readonly<Record<string, string>> | readonly (readonly [string, string])[],
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const pairs = Array.isArray(form) ? form.map(([name, value]) => [name, value]) : Object.entries(form);
  return exchange(berth, {
    method: "POST",
    path: "/token",
    headers: {
      ...{ authorization: "", host: BEARER_HOST },
      "content-type": "application/x-www-form-urlencoded; charset=utf-8",
      ...headers,
    },
    body: new URLSearchParams(pairs).toString(),
  });
}

export interface TokenAnswer {
  readonly token: string;
  readonly access_token: string;
  readonly expires_in: number;
  readonly issued_at: string;
  readonly scope: string;
  readonly refresh_token?: string;
}

/** The JSON of an answer that grants a token. */
export function granted(answer: Answer): TokenAnswer {
  expect(answer.status, answer.body.toString()).toBe(200);
  return JSON.parse(answer.body.toString());
}

/** What a token is narrowed to, as `type:name:actions`. */
export function accessOf({ token }: TokenAnswer): readonly string[] {
  const payload = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
  return payload.access.map(
    ({ type, name, actions }: { type: string; name: string; actions: string[] }) =>
      `${type}:${name}:${actions.join(",")}`,
  );
}

export function bearer({ token }: TokenAnswer): string {
  return `Bearer ${token}`;
}

/** A request on a host with this Authorization header. */
export function ask(
  berth: TestBerth,
  authorization: string,
  path: string,
  method = "GET",
  host = BEARER_HOST,
): Promise<Answer> {
  return exchange(berth, { method, path, headers: { authorization, host } });
}
