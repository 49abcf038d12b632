import { callEcrApi, callQuery, type Keys, keysIn, succeeded } from "../../access/aws-client.ts";
import { Client, type Endpoint } from "../client/client.ts";
import { pushImage } from "../client/push.ts";
import { newImage } from "../content.ts";
import { ADMINISTRATOR } from "../targets/berth.ts";
import { basic } from "../targets/target.ts";
import { REPOSITORY_POLICY, tenStatements } from "./policies.ts";

export const REPOSITORY = "team/app";
export const TAG = "v1";

/** What one user of a server sends, by the ways of logging in that docker has. */
export interface Logins {
  /** The password of `aws ecr get-login-password`. */
  readonly basic: string;
  /** A token of the token service for this repository. */
  readonly bearer: string;
}

/** A repository with an image and a policy, and a user with ten statements, who may pull from it. */
export async function prepareServer({ origin }: Pick<Endpoint, "origin">): Promise<Keys> {
  const { accessKeyId, secretAccessKey } = ADMINISTRATOR;
  const client = new Client({ origin, authorization: basic(`${accessKeyId}:${secretAccessKey}`) });
  await pushImage(client, REPOSITORY, TAG, newImage(2, 1_024), "containerd");
  client.close();
  const policy = { repositoryName: REPOSITORY, policyText: REPOSITORY_POLICY };
  await succeeded(callEcrApi(origin, "SetRepositoryPolicy", policy, ADMINISTRATOR));
  const iam = (action: string, parameters: Readonly<Record<string, string>> = {}): Promise<string> =>
    succeeded(callQuery(origin, "iam", action, { UserName: "dev", ...parameters }, ADMINISTRATOR));
  await iam("CreateUser");
  await iam("PutUserPolicy", { PolicyName: "ten", PolicyDocument: tenStatements() });
  return keysIn(await iam("CreateAccessKey"));
}

export async function logIn({ origin }: Pick<Endpoint, "origin">, keys: Keys): Promise<Logins> {
  const answer = JSON.parse(await succeeded(callEcrApi(origin, "GetAuthorizationToken", {}, keys)));
  const password = `Basic ${answer.authorizationData[0].authorizationToken}`;
  return { basic: password, bearer: `Bearer ${await scopedToken(origin, password)}` };
}

async function scopedToken(origin: string, authorization: string): Promise<string> {
  const url = `${origin}/token?service=x&scope=repository:${REPOSITORY}:pull`;
  const answer = await fetch(url, { headers: { authorization } });
  if (answer.status !== 200) throw new Error(`GET ${url}: ${answer.status}`);
  return ((await answer.json()) as { readonly token: string }).token;
}

/** @throws Error unless wrong credentials are let in, or kept out, as they should be */
export async function requireAdmission({ origin }: Pick<Endpoint, "origin">, open: boolean): Promise<void> {
  const headers = { authorization: basic("nobody:nothing") };
  const { status } = await fetch(`${origin}/v2/`, { headers });
  if (status !== (open ? 200 : 401)) throw new Error(`wrong credentials got ${status}`);
}
