import { startIssuer, type TestIssuer } from "../adapters/postgres/iam/oidc-issuer.ts";
import { ADMINISTRATOR } from "../support/berth.ts";
import { callEcrApi, callQuery, type Keys, keysIn, succeeded } from "./aws-client.ts";
import type { Secrets } from "./secrets.ts";

const ACCOUNT = "000000000000";
const ROLE = { RoleArn: `arn:aws:iam::${ACCOUNT}:role/ci`, RoleSessionName: "run" };

/** A server and everything secret about it so far. */
export interface Wire {
  readonly url: string;
  readonly secrets: Secrets;
}

/** Credentials of every kind, each of which was asked for and answered over the wire. */
export interface Credentials {
  readonly user: Keys;
  readonly sessions: readonly Keys[];
  /** Password of `aws ecr get-login-password`. */
  readonly password: string;
}

/** Makes them: CreateAccessKey, GetSessionToken, AssumeRole, AssumeRoleWithWebIdentity, GetAuthorizationToken. */
export async function issueCredentials(wire: Wire): Promise<Credentials> {
  const { url, secrets } = wire;
  secrets.keep("secret of the administrator", ADMINISTRATOR.secretAccessKey);
  const user = keep(secrets, "a user", await makeUser(url));
  const session = keysIn(await succeeded(callQuery(url, "sts", "GetSessionToken", {}, user)));
  const federated = await federate(wire);
  const role = keysIn(await succeeded(callQuery(url, "sts", "AssumeRole", ROLE, user)));
  const answer = JSON.parse(await succeeded(callEcrApi(url, "GetAuthorizationToken", {}, user)));
  const encoded: string = answer.authorizationData[0].authorizationToken;
  const password = Buffer.from(encoded, "base64").toString().slice("AWS:".length);
  return {
    user,
    sessions: [
      keep(secrets, "a session token", session),
      keep(secrets, "a role", role),
      keep(secrets, "a web identity", federated),
    ],
    password: secrets.keep("an authorization token", password),
  };
}

export function policy(...statements: readonly object[]): string {
  return JSON.stringify({ Version: "2012-10-17", Statement: statements });
}

function keep(secrets: Secrets, name: string, keys: Keys): Keys {
  secrets.keep(`secret of ${name}`, keys.secretAccessKey);
  if (keys.sessionToken !== undefined) secrets.keep(`session token of ${name}`, keys.sessionToken);
  return keys;
}

function administer(
  url: string,
  action: string,
  parameters: Readonly<Record<string, string>>,
): Promise<string> {
  return succeeded(callQuery(url, "iam", action, parameters, ADMINISTRATOR));
}

async function makeUser(url: string): Promise<Keys> {
  await administer(url, "CreateUser", { UserName: "dev" });
  const document = policy({ Effect: "Allow", Action: "*", Resource: "*" });
  await administer(url, "PutUserPolicy", { UserName: "dev", PolicyName: "all", PolicyDocument: document });
  return keysIn(await administer(url, "CreateAccessKey", { UserName: "dev" }));
}

/** A session by a token of an issuer; and tokens that are nobody's, of a stranger, cut, too long, and of an issuer that is gone. */
async function federate({ url, secrets }: Wire): Promise<Keys> {
  const issuer = await startIssuer(() => new Date());
  const gone = await startIssuer(() => new Date());
  for (const { url: Url } of [issuer, gone]) {
    await administer(url, "CreateOpenIDConnectProvider", { Url, "ClientIDList.member.1": "berth" });
  }
  await administer(url, "CreateRole", { RoleName: "ci", AssumeRolePolicyDocument: trust(issuer) });
  const assume = (token: string) =>
    callQuery(url, "sts", "AssumeRoleWithWebIdentity", { ...ROLE, WebIdentityToken: token }, undefined);
  const token = secrets.keep("a web identity token", await issuer.token());
  const unsigned = `${token.slice(0, token.lastIndexOf("."))}.${"A".repeat(86)}`;
  const foreign = secrets.keep("a foreign token", await issuer.token({ iss: "https://stranger.example" }));
  const unprovable = secrets.keep("a token of an issuer that is gone", await gone.token());
  await gone.close();
  const keys = keysIn(await succeeded(assume(token)));
  for (const wrong of [unsigned, foreign, unprovable, `.${token}`, token.repeat(100)]) await assume(wrong);
  await issuer.close();
  return keys;
}

function trust({ name }: TestIssuer): string {
  const provider = `arn:aws:iam::${ACCOUNT}:oidc-provider/${name}`;
  return policy(
    { Effect: "Allow", Action: "sts:AssumeRole", Principal: { AWS: ACCOUNT } },
    { Effect: "Allow", Action: "sts:AssumeRoleWithWebIdentity", Principal: { Federated: provider } },
  );
}
