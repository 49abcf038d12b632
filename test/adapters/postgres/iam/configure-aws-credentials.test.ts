import { afterAll, beforeAll, expect, test } from "vitest";
import {
  ACCOUNT,
  allow,
  type IamServer,
  keysOf,
  type Parameters,
  startIamServer,
  trust,
} from "./iam-server.ts";
import { startIssuer } from "./oidc-issuer.ts";

/** What the action configure-aws-credentials calls in a workflow of GitHub, by keys and by a token. */
let server: IamServer;
beforeAll(async () => {
  server = await startIamServer();
});
afterAll(() => server.close());

const ROLE = `arn:aws:iam::${ACCOUNT}:role/push`;
const SESSION = { RoleArn: ROLE, RoleSessionName: "GitHubActions", DurationSeconds: 3600 };
const AS_ROLE = `arn:aws:sts::${ACCOUNT}:assumed-role/push/GitHubActions`;
const TAGS = [
  ...[
    ["GitHub", "Actions"] as const,
    ["Repository", "acme/app"] as const,
    ["Workflow", "Build _ push"] as const,
  ],
  ...[["Action", "__aws-actions_configure-aws-credentials"] as const, ["Actor", "robot_bot_"] as const],
  ...[["Commit", "0".repeat(40)] as const, ["Branch", "refs/heads/feature/a+b"] as const],
];

const tagged: Parameters = Object.fromEntries(
  TAGS.flatMap(([key, value], at) => [
    [`Tags.member.${at + 1}.Key`, key],
    [`Tags.member.${at + 1}.Value`, value],
  ]),
);

test("keys of a user become a session with the workflow's tags, where the role takes them from this repository", async () => {
  const user = await server.makeUser("github", ["sts:AssumeRole", "sts:TagSession"]);
  const of = (repository: string): string =>
    trust({ AWS: `arn:aws:iam::${ACCOUNT}:user/github` }, ["sts:AssumeRole", "sts:TagSession"], {
      StringEquals: { "aws:RequestTag/Repository": repository },
    });
  await server.call("iam", "CreateRole", { RoleName: "push", AssumeRolePolicyDocument: of("acme/app") });
  const who = await server.call("sts", "GetCallerIdentity", {}, user);
  expect(who.one("Account")).toBe(ACCOUNT);
  const session = await server.call("sts", "AssumeRole", { ...SESSION, ...tagged }, user);
  expect(session.status, session.text).toBe(200);
  const now = await server.call("sts", "GetCallerIdentity", {}, keysOf(session));
  expect(now.one("Arn")).toBe(AS_ROLE);
  await server.call("iam", "UpdateAssumeRolePolicy", { RoleName: "push", PolicyDocument: of("acme/other") });
  const refused = await server.call("sts", "AssumeRole", { ...SESSION, ...tagged }, user);
  expect([refused.status, refused.one("Code")]).toEqual([403, "AccessDenied"]);
});

test("a token of the workflow becomes a session without any keys, and that another one by chaining", async () => {
  const issuer = await startIssuer(() => server.clock.now());
  const made = await server.call("iam", "CreateOpenIDConnectProvider", {
    ...{ Url: issuer.url, "ClientIDList.member.1": "sts.amazonaws.com" },
  });
  const trusted = trust(
    { Federated: made.one("OpenIDConnectProviderArn") },
    "sts:AssumeRoleWithWebIdentity",
    {
      StringEquals: { [`${issuer.name}:aud`]: "sts.amazonaws.com" },
      StringLike: { [`${issuer.name}:sub`]: "repo:acme/app:*" },
    },
  );
  const roles = { RoleName: "push", PolicyDocument: trusted };
  expect((await server.call("iam", "UpdateAssumeRolePolicy", roles)).status).toBe(200);
  const assume = async (claims: object) =>
    server.call(
      "sts",
      "AssumeRoleWithWebIdentity",
      { ...SESSION, WebIdentityToken: await issuer.token({ aud: "sts.amazonaws.com", ...claims }) },
      null,
    );
  const session = await assume({ sub: "repo:acme/app:ref:refs/heads/main" });
  expect(session.status, session.text).toBe(200);
  const keys = keysOf(session);
  expect((await server.call("sts", "GetCallerIdentity", {}, keys)).one("Arn")).toBe(AS_ROLE);
  const other = await assume({ sub: "repo:acme/other:ref:refs/heads/main" });
  expect([other.status, other.one("Code")]).toEqual([403, "AccessDenied"]);
  const chain = trust({ AWS: ROLE }, ["sts:AssumeRole", "sts:TagSession"]);
  await server.call("iam", "CreateRole", { RoleName: "deploy", AssumeRolePolicyDocument: chain });
  const given = { RoleName: "push", PolicyName: "chain", PolicyDocument: allow(["sts:*"]) };
  expect((await server.call("iam", "PutRolePolicy", given)).status).toBe(200);
  const next = { ...SESSION, RoleArn: `arn:aws:iam::${ACCOUNT}:role/deploy`, ...tagged };
  expect((await server.call("sts", "AssumeRole", next, keys)).status).toBe(200);
  await issuer.close();
});
