import type { Credentials } from "../../src/iam/access-keys.ts";
import { signInHeader } from "../iam/sigv4/signer.ts";

export interface Keys extends Credentials {
  readonly sessionToken?: string;
  /** What the request is signed for; us-east-1 unless said. */
  readonly region?: string;
}

export interface AwsAnswer {
  readonly status: number;
  readonly text: string;
}

const REGION = "us-east-1";
const VERSIONS = { iam: "2010-05-08", sts: "2011-06-15" };

/** One signed call of IAM or STS, in the Query protocol; unsigned without keys. */
export function callQuery(
  url: string,
  service: "iam" | "sts",
  action: string,
  parameters: Readonly<Record<string, string>>,
  keys: Keys | undefined,
): Promise<AwsAnswer> {
  const form = new URLSearchParams({ Action: action, Version: VERSIONS[service], ...parameters });
  return post(url, service, { "Content-Type": "application/x-www-form-urlencoded" }, String(form), keys);
}

/** One signed call of ECR, at the time that the server has. */
export function callEcrApi(
  url: string,
  operation: string,
  input: object,
  keys: Keys,
  more: Readonly<Record<string, string>> = {},
  date = new Date(),
): Promise<AwsAnswer> {
  const headers = {
    ...more,
    "Content-Type": "application/x-amz-json-1.1",
    "X-Amz-Target": `AmazonEC2ContainerRegistry_V20150921.${operation}`,
  };
  return post(url, "ecr", headers, JSON.stringify(input), keys, date);
}

/** The text of an answer that must be a success. @throws Error with what came instead */
export async function succeeded(answer: Promise<AwsAnswer>): Promise<string> {
  const { status, text } = await answer;
  if (status !== 200) throw new Error(`${status}: ${text}`);
  return text;
}

/** What an element of a Query answer holds. Keys and tokens have nothing that XML escapes. */
export function xmlValue(text: string, element: string): string {
  const value = new RegExp(`<${element}>([^<]*)</${element}>`).exec(text)?.[1];
  if (value === undefined) throw new Error(`an answer without ${element}`);
  return value;
}

/** Access key id, secret and, where there is one, session token of a Query answer. */
export function keysIn(text: string): Keys {
  return {
    accessKeyId: xmlValue(text, "AccessKeyId"),
    secretAccessKey: xmlValue(text, "SecretAccessKey"),
    ...(text.includes("<SessionToken>") ? { sessionToken: xmlValue(text, "SessionToken") } : {}),
  };
}

async function post(
  url: string,
  service: string,
  headers: Readonly<Record<string, string>>,
  body: string,
  keys: Keys | undefined,
  date = new Date(),
): Promise<AwsAnswer> {
  const all = { Host: new URL(url).host, ...headers };
  const signed = keys === undefined ? { headers: all } : sign(service, all, body, keys, date);
  const response = await fetch(url, { method: "POST", headers: signed.headers, body });
  return { status: response.status, text: await response.text() };
}

function sign(
  service: string,
  headers: Readonly<Record<string, string>>,
  body: string,
  keys: Keys,
  date: Date,
) {
  const { accessKeyId, secretAccessKey, sessionToken, region = REGION } = keys;
  return signInHeader({
    ...{ headers, body, keyId: accessKeyId, secret: secretAccessKey, region, service },
    ...{ date, ...(sessionToken === undefined ? {} : { token: sessionToken }) },
  });
}
