import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { postgresAccounts, postgresKeyUsage } from "../../../../src/adapters/postgres/iam/index.ts";
import type { EntityId } from "../../../../src/iam/principals/entity.ts";
import { issueSession } from "../../../../src/iam/sessions/issue.ts";
import { CAUSE } from "../../../support/cause.ts";
import { HOUR } from "../../../support/clock.ts";
import {
  ACCOUNT,
  allow,
  type IamServer,
  type Keys,
  keysOf,
  OTHER,
  type Parameters,
  startIamServer,
  trust,
} from "./iam-server.ts";

let server: IamServer;
beforeAll(async () => {
  server = await startIamServer();
});
afterAll(() => server.close());

const iam = (action: string, parameters: Parameters = {}, keys = server.administrator) =>
  server.call("iam", action, parameters, keys);
const sts = (action: string, parameters: Parameters, keys: Keys) =>
  server.call("sts", action, parameters, keys);
const roleArn = (name: string, account = ACCOUNT): string => `arn:aws:iam::${account}:role/${name}`;
const makeRole = (name: string, trusted: unknown, more: Parameters = {}, keys = server.administrator) =>
  iam("CreateRole", { RoleName: name, AssumeRolePolicyDocument: trust(trusted), ...more }, keys);
const assume = (name: string, keys: Keys, more: Parameters = {}) =>
  sts("AssumeRole", { RoleArn: roleArn(name), RoleSessionName: "s1", ...more }, keys);

describe("a role", () => {
  test("is made, shown and changed", async () => {
    const made = await makeRole(
      "shown",
      { AWS: ACCOUNT },
      { Description: "what for", MaxSessionDuration: 7200 },
    );
    expect(made.one("RoleId")).toMatch(/^AROA[A-Z2-7]{17}$/);
    expect(decodeURIComponent(made.one("AssumeRolePolicyDocument"))).toBe(trust({ AWS: ACCOUNT }));
    await iam("UpdateRole", { RoleName: "shown", Description: "" });
    const shown = await iam("GetRole", { RoleName: "shown" });
    expect([shown.one("Description"), shown.one("MaxSessionDuration")]).toEqual(["", "7200"]);
    const described = await iam("UpdateRoleDescription", { RoleName: "shown", Description: "new" });
    expect(described.one("Description")).toBe("new");
    expect((await iam("ListRoles")).all("RoleName")).toContain("shown");
  });

  test("with a trust policy that makes no sense is refused", async () => {
    const document = allow(["sts:AssumeRole"]);
    const made = await iam("CreateRole", { RoleName: "senseless", AssumeRolePolicyDocument: document });
    expect([made.status, made.one("Code")]).toEqual([400, "MalformedPolicyDocument"]);
    await makeRole("sensible", { AWS: ACCOUNT });
    const changed = await iam("UpdateAssumeRolePolicy", { RoleName: "sensible", PolicyDocument: document });
    expect(changed.one("Code")).toBe("MalformedPolicyDocument");
  });
});

describe("AssumeRole", () => {
  test("gives credentials that are the role for an hour", async () => {
    const user = await server.makeUser("anna", ["sts:AssumeRole"]);
    await makeRole("lister", { AWS: ACCOUNT });
    await iam("PutRolePolicy", {
      RoleName: "lister",
      PolicyName: "p",
      PolicyDocument: allow(["iam:ListRoles"]),
    });
    const answer = await assume("lister", user);
    expect(answer.one("Arn")).toBe(`arn:aws:sts::${ACCOUNT}:assumed-role/lister/s1`);
    const session = keysOf(answer);
    expect(session.accessKeyId).toMatch(/^ASIA[A-Z2-7]{16}$/);
    const identity = await sts("GetCallerIdentity", {}, session);
    expect(identity.one("Arn")).toBe(`arn:aws:sts::${ACCOUNT}:assumed-role/lister/s1`);
    expect(identity.one("UserId")).toBe(answer.one("AssumedRoleId"));
    expect((await iam("ListRoles", {}, session)).status).toBe(200);
    expect((await iam("ListUsers", {}, session)).status).toBe(403);
    server.clock.advance(HOUR + 1000);
    const late = await sts("GetCallerIdentity", {}, session);
    expect([late.status, late.one("Code")]).toEqual([403, "ExpiredToken"]);
  });

  test("asks the account's own policies where the trust policy names the account", async () => {
    const user = await server.makeUser("plain");
    await makeRole("by-account", { AWS: ACCOUNT });
    const answer = await assume("by-account", user);
    expect([answer.status, answer.one("Code")]).toEqual([403, "AccessDenied"]);
    expect(answer.one("Message")).toBe(
      `User: arn:aws:iam::${ACCOUNT}:user/plain is not authorized to perform: sts:AssumeRole on resource: ${roleArn("by-account")}`,
    );
    await makeRole("by-name", { AWS: `arn:aws:iam::${ACCOUNT}:user/plain` });
    expect((await assume("by-name", user)).status).toBe(200);
  });

  test("refuses a role that does not exist like one that does not trust the caller", async () => {
    const user = await server.makeUser("seeker", ["sts:*"]);
    await makeRole("closed", { AWS: OTHER });
    const [closed, absent] = [await assume("closed", user), await assume("absent", user)];
    expect(closed.one("Message").replace("closed", "absent")).toBe(absent.one("Message"));
    expect([closed.status, absent.status]).toEqual([403, 403]);
  });

  test("asks both accounts across accounts, and the external id", async () => {
    const condition = { StringEquals: { "sts:ExternalId": "x-42" } };
    const document = trust({ AWS: OTHER }, "sts:AssumeRole", condition);
    await iam("CreateRole", { RoleName: "shared", AssumeRolePolicyDocument: document });
    const other = server.otherAdministrator;
    expect((await assume("shared", other)).status).toBe(403);
    expect((await assume("shared", other, { ExternalId: "wrong" })).status).toBe(403);
    expect((await assume("shared", other, { ExternalId: "x-42" })).status).toBe(200);
    await iam("CreateUser", { UserName: "powerless" }, other);
    const powerless = keysOf(await iam("CreateAccessKey", { UserName: "powerless" }, other));
    expect((await assume("shared", powerless, { ExternalId: "x-42" })).status).toBe(403);
  });

  test("narrows by a session policy and by managed ones", async () => {
    await makeRole("wide", { AWS: `arn:aws:iam::${ACCOUNT}:user/administrator` });
    await iam("PutRolePolicy", { RoleName: "wide", PolicyName: "p", PolicyDocument: allow(["*"]) });
    const narrow = await assume("wide", server.administrator, { Policy: allow(["iam:ListRoles"]) });
    expect(Number(narrow.one("PackedPolicySize"))).toBeGreaterThan(0);
    expect((await iam("ListRoles", {}, keysOf(narrow))).status).toBe(200);
    expect((await iam("ListUsers", {}, keysOf(narrow))).status).toBe(403);
    await iam("CreatePolicy", { PolicyName: "users-only", PolicyDocument: allow(["iam:ListUsers"]) });
    const arn = `arn:aws:iam::${ACCOUNT}:policy/users-only`;
    const managed = await assume("wide", server.administrator, { "PolicyArns.member.1.arn": arn });
    expect((await iam("ListRoles", {}, keysOf(managed))).status).toBe(403);
    expect((await iam("ListUsers", {}, keysOf(managed))).status).toBe(200);
    // A policy that is gone allows nothing; the session does not become wide.
    await iam("DeletePolicy", { PolicyArn: arn });
    expect((await iam("ListUsers", {}, keysOf(managed))).status).toBe(403);
    expect((await iam("ListRoles", {}, keysOf(managed))).status).toBe(403);
  });

  test.each([
    ["a session policy that is none", { Policy: "{}" }, "MalformedPolicyDocument"],
    [
      "a session policy that is too long",
      { Policy: allow(["ecr:*"], `arn:aws:ecr:::${"x".repeat(2048)}`) },
      "PackedPolicyTooLarge",
    ],
    [
      "a managed policy that does not exist",
      { "PolicyArns.member.1.arn": `arn:aws:iam::${ACCOUNT}:policy/no` },
      "ValidationError",
    ],
    ["more time than the role gives", { DurationSeconds: 3601 }, "ValidationError"],
    ["less than 15 minutes", { DurationSeconds: 899 }, "ValidationError"],
  ])("refuses %s", async (_, more: Parameters, code) => {
    await makeRole("strict", { AWS: `arn:aws:iam::${ACCOUNT}:user/administrator` });
    const answer = await assume("strict", server.administrator, more);
    expect([answer.status, answer.one("Code")]).toEqual([400, code]);
  });

  test("from a role lasts an hour at most, and carries transitive tags and the source identity along", async () => {
    const session = (name: string): string => `arn:aws:sts::${ACCOUNT}:assumed-role/${name}/s1`;
    const actions = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"];
    const administrator = `arn:aws:iam::${ACCOUNT}:user/administrator`;
    await iam("CreateRole", {
      ...{ RoleName: "first", AssumeRolePolicyDocument: trust({ AWS: administrator }, actions) },
      MaxSessionDuration: 43_200,
    });
    await iam("CreateRole", {
      ...{ RoleName: "second", AssumeRolePolicyDocument: trust({ AWS: session("first") }, actions) },
      MaxSessionDuration: 43_200,
    });
    const first = await assume("first", server.administrator, {
      ...{ DurationSeconds: 43_200, SourceIdentity: "anna", "TransitiveTagKeys.member.1": "team" },
      ...{ "Tags.member.1.Key": "team", "Tags.member.1.Value": "red" },
      ...{ "Tags.member.2.Key": "shift", "Tags.member.2.Value": "late" },
    });
    expect([first.status, first.one("SourceIdentity")]).toEqual([200, "anna"]);
    const tooLong = await assume("second", keysOf(first), { DurationSeconds: 3601 });
    expect(tooLong.one("Message")).toContain("1 hour session limit for roles assumed by role chaining");
    const second = await assume("second", keysOf(first));
    expect(second.one("SourceIdentity")).toBe("anna");
    const { accessKeyId } = keysOf(second);
    const { tags } = (await server.ports.sessions.inheritance(accessKeyId)) ?? {};
    expect(tags).toEqual({ team: "red" });
    const again = await assume("second", keysOf(first), {
      ...{ "Tags.member.1.Key": "Team", "Tags.member.1.Value": "blue" },
    });
    expect(again.one("Message")).toContain("transitive");
    const other = await assume("second", keysOf(first), { SourceIdentity: "carl" });
    expect(other.status).toBe(403);
  });

  test("takes sts:TagSession for tags", async () => {
    await makeRole("untaggable", { AWS: `arn:aws:iam::${ACCOUNT}:user/administrator` });
    const answer = await assume("untaggable", server.administrator, {
      ...{ "Tags.member.1.Key": "team", "Tags.member.1.Value": "red" },
    });
    expect(answer.one("Message")).toContain("sts:TagSession");
  });
});

describe("what ends a session", () => {
  const open = async (name: string): Promise<Keys> => {
    await makeRole(name, { AWS: `arn:aws:iam::${ACCOUNT}:user/administrator` });
    return keysOf(await assume(name, server.administrator));
  };
  const lives = async (keys: Keys): Promise<boolean> =>
    (await sts("GetCallerIdentity", {}, keys)).status === 200;

  test("its revocation", async () => {
    const keys = await open("revoked");
    const other = keysOf(await assume("revoked", server.administrator));
    expect(await server.ports.sessions.revoke(ACCOUNT, keys.accessKeyId, server.clock.now())).toBe(true);
    expect([await lives(keys), await lives(other)]).toEqual([false, true]);
    expect(await server.ports.sessions.revokeAll(ACCOUNT, "revoked", server.clock.now())).toBe(1);
    expect(await lives(other)).toBe(false);
  });

  test("the end of its role, which a new role of that name does not undo", async () => {
    const keys = await open("ended");
    await iam("DeleteRole", { RoleName: "ended" });
    await makeRole("ended", { AWS: ACCOUNT });
    expect(await lives(keys)).toBe(false);
  });

  test("the disabling of its account", async () => {
    await makeRole("foreign", { AWS: OTHER }, {}, server.otherAdministrator);
    const keys = server.otherAdministrator;
    expect(await lives(keys)).toBe(true);
    await postgresAccounts(server.database).setDisabled(OTHER, true, CAUSE, new Date());
    expect(await lives(keys)).toBe(false);
    await postgresAccounts(server.database).setDisabled(OTHER, false, CAUSE, new Date());
    expect(await lives(keys)).toBe(true);
  });

  test("a wrong or missing session token", async () => {
    const keys = await open("tokened");
    const { sessionToken: _, ...without } = keys;
    expect(await lives(without)).toBe(false);
    expect(await lives({ ...keys, sessionToken: `${keys.sessionToken}x` })).toBe(false);
    expect(await lives(keys)).toBe(true);
  });
});

test("a session whose role was deleted while it was made is refused", async () => {
  const { sessions, masterKey, clock } = server.ports;
  const session = {
    ...{ account: ACCOUNT, policy: undefined, policyArns: [], tags: {}, transitiveTagKeys: [] },
    ...{ sourceIdentity: undefined, mfaAt: undefined, issuedAt: clock.now(), expiresAt: clock.now() },
    origin: { kind: "assumed-role", role: 999_999 as EntityId, sessionName: "s1" },
  } as const;
  await expect(issueSession(sessions, masterKey, session, CAUSE)).rejects.toMatchObject({
    code: "AccessDeniedException",
  });
});

describe("GetAccessKeyInfo", () => {
  test("names the account of a key", async () => {
    const known = await sts(
      "GetAccessKeyInfo",
      { AccessKeyId: server.otherAdministrator.accessKeyId },
      server.administrator,
    );
    expect(known.one("Account")).toBe(OTHER);
    const unknown = await sts(
      "GetAccessKeyInfo",
      { AccessKeyId: "AKIANOBODYNOBODY0000" },
      server.administrator,
    );
    expect(unknown.one("Code")).toBe("ValidationError");
  });
});

test("a role shows when and where it was last used", async () => {
  await makeRole("used", { AWS: `arn:aws:iam::${ACCOUNT}:user/administrator` });
  const { accessKeyId } = keysOf(await assume("used", server.administrator));
  const at = new Date("2030-01-02T03:04:05Z");
  await postgresKeyUsage(server.database).record([
    { accessKeyId, at, service: "ecr", region: "eu-central-1" },
  ]);
  const shown = await iam("GetRole", { RoleName: "used" });
  expect([shown.one("LastUsedDate"), shown.one("Region")]).toEqual(["2030-01-02T03:04:05Z", "eu-central-1"]);
});
