import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { postgresCredentials } from "../../../../src/adapters/postgres/iam/index.ts";
import { evaluate } from "../../../../src/iam/policy/evaluate.ts";
import { createAccessKey } from "../../../../src/iam/principals/access-keys.ts";
import { CAUSE } from "../../../support/cause.ts";
import { HOUR } from "../../../support/clock.ts";
import { rowsOf } from "../../../support/rows.ts";
import {
  ACCOUNT,
  allow,
  type IamServer,
  type Keys,
  keysOf,
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
const arnOf = (name: string): string => `arn:aws:sts::${ACCOUNT}:federated-user/${name}`;
const federate = (more: Parameters = {}, keys = user) =>
  sts("GetFederationToken", { Name: "Bob", ...more }, keys);
type Answer = Awaited<ReturnType<typeof federate>>;
const refusal = ({ status, one }: Answer) => [status, one("Code"), one("Message")];

let number = 0;
let name = "";
let user: Keys;
beforeEach(async () => {
  name = `broker-${++number}`;
  user = await server.makeUser(name, ["sts:*", "ecr:*", "iam:ListUsers"]);
});

describe("GetFederationToken", () => {
  test("gives credentials of twelve hours to a name", async () => {
    const answer = await federate();
    expect(answer.status, answer.text).toBe(200);
    expect([answer.one("Arn"), answer.one("FederatedUserId")]).toEqual([arnOf("Bob"), `${ACCOUNT}:Bob`]);
    expect(Date.parse(answer.one("Expiration")) - server.clock.now().getTime()).toBe(12 * HOUR);
    expect(answer.text).not.toContain("PackedPolicySize");
    const session = keysOf(answer);
    expect(session.accessKeyId).toMatch(/^ASIA[A-Z2-7]{16}$/);
    const identity = await sts("GetCallerIdentity", {}, session);
    expect([identity.one("Arn"), identity.one("UserId"), identity.one("Account")]).toEqual([
      ...[arnOf("Bob"), `${ACCOUNT}:Bob`, ACCOUNT],
    ]);
    server.clock.advance(12 * HOUR + 1000);
    expect((await sts("GetCallerIdentity", {}, session)).one("Code")).toBe("ExpiredToken");
  });

  test.each([
    [899, "DurationSeconds"],
    [129_601, "DurationSeconds"],
  ])("refuses %i seconds", async (seconds) => {
    const answer = await federate({ DurationSeconds: seconds });
    expect([answer.status, answer.one("Code")]).toEqual([400, "ValidationError"]);
    expect(answer.one("Message")).toContain("durationSeconds");
  });

  test("takes 900 to 129,600 seconds, of the root an hour at most", async () => {
    const seconds = async (DurationSeconds: number, keys = user) =>
      (Date.parse((await federate({ DurationSeconds }, keys)).one("Expiration")) -
        server.clock.now().getTime()) /
      1000;
    expect([await seconds(900), await seconds(129_600)]).toEqual([900, 129_600]);
    const root = keysOf(await iam("CreateAccessKey", {}, await rootKeys()));
    expect([await seconds(900, root), await seconds(43_200, root)]).toEqual([900, 3600]);
    await iam("DeleteAccessKey", { AccessKeyId: root.accessKeyId }, root);
  });

  test.each(["B", "b".repeat(33), "bob/../root", "b b"])("refuses the name %j", async (Name) => {
    expect((await federate({ Name })).one("Code")).toBe("ValidationError");
  });

  test("needs a permission, and one for the tags", async () => {
    const keys = await server.makeUser(`${name}-b`);
    const denied = await federate({}, keys);
    expect(refusal(denied)).toEqual([
      ...[403, "AccessDenied"],
      `User: arn:aws:iam::${ACCOUNT}:user/${name}-b is not authorized to perform: sts:GetFederationToken on resource: ${arnOf("Bob")} because no identity-based policy allows the sts:GetFederationToken action`,
    ]);
    const document = allow(["sts:GetFederationToken"], arnOf("B*"));
    await iam("PutUserPolicy", { UserName: `${name}-b`, PolicyName: "p", PolicyDocument: document });
    expect((await federate({}, keys)).status).toBe(200);
    expect((await federate({ Name: "Carol" }, keys)).status).toBe(403);
    const tags = { "Tags.member.1.Key": "team", "Tags.member.1.Value": "red" };
    expect((await federate(tags, keys)).one("Message")).toContain("sts:TagSession");
    const red = { Condition: { StringEquals: { "aws:RequestTag/team": "red" } } };
    await iam("PutUserPolicy", {
      ...{ UserName: `${name}-b`, PolicyName: "tag", PolicyDocument: allow(["sts:TagSession"], "*", red) },
    });
    expect((await federate(tags, keys)).status).toBe(200);
    expect((await federate({ ...tags, "Tags.member.1.Value": "blue" }, keys)).status).toBe(403);
  });

  test("is for keys that last: no session gets another", async () => {
    const refused = [403, "AccessDenied", "Cannot call GetFederationToken with session credentials"];
    expect(refusal(await federate({}, keysOf(await sts("GetSessionToken", {}, user))))).toEqual(refused);
    expect(refusal(await federate({}, keysOf(await federate())))).toEqual(refused);
    await iam("CreateRole", { RoleName: `${name}-r`, AssumeRolePolicyDocument: trust({ AWS: ACCOUNT }) });
    await iam("PutRolePolicy", { RoleName: `${name}-r`, PolicyName: "p", PolicyDocument: allow(["sts:*"]) });
    const role = { RoleArn: `arn:aws:iam::${ACCOUNT}:role/${name}-r`, RoleSessionName: "s1" };
    expect(refusal(await federate({}, keysOf(await sts("AssumeRole", role, user))))).toEqual(refused);
  });

  test("takes policies as AssumeRole does", async () => {
    const senseless = await federate({ Policy: "{}" });
    expect([senseless.status, senseless.one("Code")]).toEqual([400, "MalformedPolicyDocument"]);
    const missing = await federate({ "PolicyArns.member.1.arn": `arn:aws:iam::${ACCOUNT}:policy/none` });
    expect([missing.status, missing.one("Code")]).toEqual([400, "ValidationError"]);
    const small = await federate({ Policy: allow(["ecr:*"]) });
    expect(Number(small.one("PackedPolicySize"))).toBeGreaterThan(0);
    const long = await federate({ Policy: allow(["ecr:*"], `arn:aws:ecr:*:*:${"x".repeat(2000)}`) });
    expect(long.one("Code")).toBe("ValidationError");
    const arns = Array.from({ length: 9 }, (_, index) => [
      `PolicyArns.member.${index + 1}.arn`,
      `arn:aws:iam::${ACCOUNT}:policy/${String(index).repeat(128)}`,
    ]);
    const much = await federate({
      Policy: allow(["ecr:*"], `arn:aws:ecr:*:*:${"x".repeat(900)}`),
      ...Object.fromEntries(arns),
    });
    expect(much.one("Code")).toBe("PackedPolicyTooLarge");
    const reserved = await federate({ "Tags.member.1.Key": "aws:x", "Tags.member.1.Value": "y" });
    expect(reserved.one("Code")).toBe("ValidationError");
  });

  test("is in the audit log, with the session that it made", async () => {
    const session = keysOf(await federate({ Name: name }));
    const [row] = await rowsOf<{ action: string; principal: string; detail: { issued: string } }>(
      server,
      "SELECT action, principal, detail FROM audit_log WHERE resource = $1",
      [arnOf(name)],
    );
    expect(row).toMatchObject({
      ...{ action: "sts:GetFederationToken", principal: `arn:aws:iam::${ACCOUNT}:user/${name}` },
      detail: { issued: session.accessKeyId },
    });
  });
});

/** Keys of the root of the account, which nobody has until somebody makes them. */
async function rootKeys(): Promise<Keys> {
  const { identity, masterKey } = server.ports;
  const at = server.clock.now();
  return identity.change(ACCOUNT, CAUSE, at, (change) => createAccessKey(change, masterKey, undefined, at));
}

describe("a federated user", () => {
  /** Whether the principal may do something, as the door of ECR would ask. */
  async function may(session: Keys, action: string): Promise<boolean> {
    const credential = await credentials().find(session.accessKeyId);
    if (credential === undefined) throw new Error("the session is nobody's");
    const { principal: caller } = credential;
    if (caller.kind !== "federated-user") throw new Error(`a session of a ${caller.kind}`);
    const policies = await server.ports.policies.load({
      ...{ account: caller.account, uniqueId: caller.uniqueId, accessKeyId: session.accessKeyId },
    });
    if (policies === undefined) return false;
    return evaluate(
      {
        ...{ caller, action, resource: "*", owner: caller.account, resourcePolicies: [], context: new Map() },
        ...{ identity: policies.identity, boundary: policies.boundary, session: policies.session },
      },
      server.ports.decider,
    ).allowed;
  }
  const credentials = () => postgresCredentials(server.database, server.ports.masterKey);

  test("may do what both its user and its session policies allow", async () => {
    const session = keysOf(await federate({ Policy: allow(["ecr:PutImage", "s3:*"]) }));
    expect(await may(session, "ecr:PutImage")).toBe(true);
    expect(await may(session, "ecr:ListImages")).toBe(false);
    expect(await may(session, "s3:GetObject")).toBe(false);
  });

  test("may do nothing without session policies", async () => {
    expect(await may(keysOf(await federate()), "ecr:PutImage")).toBe(false);
    const pull = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly";
    const session = keysOf(await federate({ "PolicyArns.member.1.arn": pull }));
    expect([await may(session, "ecr:BatchGetImage"), await may(session, "ecr:PutImage")]).toEqual([
      true,
      false,
    ]);
  });

  test("of a root may do what its session policies allow", async () => {
    const root = await rootKeys();
    const session = keysOf(await federate({ Policy: allow(["ecr:PutImage"]) }, root));
    expect([await may(session, "ecr:PutImage"), await may(session, "ecr:ListImages")]).toEqual([true, false]);
    const bare = keysOf(await federate({}, root));
    expect(await may(bare, "ecr:PutImage")).toBe(false);
    await iam("DeleteAccessKey", { AccessKeyId: root.accessKeyId }, root);
    expect((await sts("GetCallerIdentity", {}, session)).one("Code")).toBe("InvalidClientTokenId");
  });

  test("calls no operation of IAM, and of STS GetCallerIdentity alone", async () => {
    const session = keysOf(await federate({ Policy: allow(["*"]) }));
    expect((await iam("ListUsers", {}, session)).one("Code")).toBe("InvalidClientTokenId");
    expect((await sts("GetSessionToken", {}, session)).status).toBe(403);
    expect((await sts("GetAccessKeyInfo", { AccessKeyId: user.accessKeyId }, session)).status).toBe(403);
    const trusted = trust({ AWS: [arnOf("Bob"), ACCOUNT] });
    await iam("CreateRole", { RoleName: `${name}-r`, AssumeRolePolicyDocument: trusted });
    const role = `arn:aws:iam::${ACCOUNT}:role/${name}-r`;
    expect(refusal(await sts("AssumeRole", { RoleArn: role, RoleSessionName: "s1" }, session))).toEqual([
      ...[403, "AccessDenied"],
      `User: ${arnOf("Bob")} is not authorized to perform: sts:AssumeRole on resource: ${role}`,
    ]);
    expect((await sts("GetCallerIdentity", {}, session)).status).toBe(200);
  });

  test("ends with the key that asked for it, and with its user", async () => {
    const session = keysOf(await federate());
    await iam("UpdateAccessKey", { UserName: name, AccessKeyId: user.accessKeyId, Status: "Inactive" });
    expect((await sts("GetCallerIdentity", {}, session)).one("Code")).toBe("InvalidClientTokenId");
    await iam("UpdateAccessKey", { UserName: name, AccessKeyId: user.accessKeyId, Status: "Active" });
    expect((await sts("GetCallerIdentity", {}, session)).status).toBe(200);
    await iam("DeleteAccessKey", { UserName: name, AccessKeyId: user.accessKeyId });
    expect((await sts("GetCallerIdentity", {}, session)).one("Code")).toBe("InvalidClientTokenId");
  });

  test("has the tags of its user, and those of its session over them", async () => {
    await iam("TagUser", {
      ...{ UserName: name, "Tags.member.1.Key": "Team", "Tags.member.1.Value": "red" },
      ...{ "Tags.member.2.Key": "site", "Tags.member.2.Value": "x" },
    });
    const tag = { "Tags.member.1.Key": "team", "Tags.member.1.Value": "blue" };
    const session = keysOf(await federate(tag));
    const credential = await credentials().find(session.accessKeyId);
    if (credential?.principal.kind !== "federated-user") throw new Error("no federated user");
    const { account, uniqueId, accessKeyId } = credential.principal;
    const policies = await server.ports.policies.load({ account, uniqueId, accessKeyId });
    expect(policies?.tags).toEqual({ site: "x", team: "blue" });
  });
});
