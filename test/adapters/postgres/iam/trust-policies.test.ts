import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  ACCOUNT,
  type IamServer,
  type Keys,
  keysOf,
  OTHER,
  type Parameters,
  startIamServer,
  trust,
} from "./iam-server.ts";

let server: IamServer;
let role: string;
let roles = 0;
beforeAll(async () => {
  server = await startIamServer();
});
afterAll(() => server.close());
beforeEach(() => {
  role = `role-${++roles}`;
});

const iam = (action: string, parameters: Parameters = {}, keys?: Keys) =>
  server.call("iam", action, parameters, keys);
const userArn = (name: string, account = ACCOUNT): string => `arn:aws:iam::${account}:user/${name}`;
const roleArn = (name: string, account = ACCOUNT): string => `arn:aws:iam::${account}:role/${name}`;
const makeRole = (document: string, name = role) =>
  iam("CreateRole", { RoleName: name, AssumeRolePolicyDocument: document });
const update = (document: string) =>
  iam("UpdateAssumeRolePolicy", { RoleName: role, PolicyDocument: document });
const trustOf = async (name = role): Promise<string> =>
  decodeURIComponent((await iam("GetRole", { RoleName: name })).one("AssumeRolePolicyDocument"));
const assume = (keys: Keys) =>
  server.call("sts", "AssumeRole", { RoleArn: roleArn(role), RoleSessionName: "s1" }, keys);
const otherIam = (action: string, parameters: Parameters) =>
  iam(action, parameters, server.otherAdministrator);

describe("a trust policy is refused, at both operations, that", () => {
  beforeAll(async () => {
    await iam("CreateUser", { UserName: "pathless" });
    await iam("CreateUser", { UserName: "pathed", Path: "/team/" });
    await iam("CreateGroup", { GroupName: "people" });
  });
  const nobody = (arn: string): string => `Invalid principal in policy: "AWS":"${arn}"`;
  const named = (arn: string) => [trust({ AWS: arn }), nobody(arn)] as const;
  const noTrust = "AssumeRole policy may only specify STS AssumeRole actions.";
  const everyone = { AWS: "*" };

  test.each([
    ["names a user that does not exist", ...named(userArn("absent"))],
    ["names a user without its path", ...named(userArn("pathed"))],
    ["names a user with a path that it lacks", ...named(userArn("team/pathless"))],
    ["names a user in other letter case", ...named(userArn("Pathless"))],
    ["names a user as a role", ...named(roleArn("pathless"))],
    ["names a user of another account that does not exist", ...named(userArn("pathless", OTHER))],
    ["names a role that does not exist", ...named(roleArn("absent"))],
    ["names an account that does not exist", ...named("999999999999")],
    ["names the root of an account that does not exist", ...named("arn:aws:iam::999999999999:root")],
    [
      "names a session in an account that does not exist",
      ...named("arn:aws:sts::999999999999:assumed-role/r/s"),
    ],
    ["names a unique id", ...named(`AIDA${"A".repeat(17)}`)],
    [
      "names nobody beside somebody",
      trust({ AWS: [userArn("pathless"), userArn("absent")] }),
      nobody(userArn("absent")),
    ],
    ["gives an action that is no assuming", trust(everyone, "sts:GetCallerIdentity"), noTrust],
    ["gives a wildcard that is no assuming", trust(everyone, "sts:Get*"), noTrust],
    [
      "gives such an action among others",
      trust(everyone, ["sts:AssumeRole", "sts:GetSessionToken"]),
      noTrust,
    ],
    ["gives an action of another service", trust(everyone, "ecr:PutImage"), expect.stringContaining("sts:")],
    ["gives any action", trust(everyone, "*"), expect.stringContaining("sts:")],
    [
      "names a resource",
      trust(everyone).replace('"Effect"', '"Resource":"*","Effect"'),
      expect.stringContaining("Resource: does not belong in a trust policy"),
    ],
    [
      "excepts principals",
      trust(everyone).replace('"Principal"', '"NotPrincipal"'),
      expect.stringContaining("NotPrincipal"),
    ],
    [
      "names a group",
      trust({ AWS: `arn:aws:iam::${ACCOUNT}:group/people` }),
      expect.stringContaining("group/people"),
    ],
    ["names a wildcard", trust({ AWS: userArn("*") }), expect.stringContaining("without wildcards")],
  ])("%s", async (_, document, message) => {
    const made = await makeRole(document);
    expect([made.status, made.one("Code"), made.one("Message")]).toEqual([
      ...[400, "MalformedPolicyDocument", message],
    ]);
    await makeRole(trust({ AWS: ACCOUNT }));
    const changed = await update(document);
    expect([changed.status, changed.one("Code"), changed.one("Message")]).toEqual([
      ...[400, "MalformedPolicyDocument", message],
    ]);
    expect(await trustOf()).toBe(trust({ AWS: ACCOUNT }));
  });

  test("names the role itself, which does not exist yet", async () => {
    expect((await makeRole(trust({ AWS: roleArn(role) }))).one("Code")).toBe("MalformedPolicyDocument");
    await makeRole(trust({ AWS: ACCOUNT }));
    expect((await update(trust({ AWS: roleArn(role) }))).status).toBe(200);
  });
});

describe("a trust policy may name", () => {
  test.each([
    ["everyone", { AWS: "*" }],
    ["an account", { AWS: OTHER }],
    ["the root of an account", { AWS: `arn:aws:iam::${OTHER}:root` }],
    ["a user of another account", { AWS: userArn("administrator", OTHER) }],
    ["a session of a role that may be made later", { AWS: `arn:aws:sts::${ACCOUNT}:assumed-role/later/s` }],
    ["a service", { Service: "ecs-tasks.amazonaws.com" }],
  ])("%s", async (_, principal) => {
    expect((await makeRole(trust(principal))).status).toBe(200);
  });

  test.each(["sts:AssumeRole", "sts:*", "sts:Assume*", "STS:ASSUMEROLE", "sts:SetContext"])(
    "the action %s",
    async (action) => {
      expect((await makeRole(trust({ AWS: "*" }, action))).status).toBe(200);
    },
  );

  test("a provider that may be made later", async () => {
    const Federated = `arn:aws:iam::${ACCOUNT}:oidc-provider/later.example`;
    expect((await makeRole(trust({ Federated }, "sts:AssumeRoleWithWebIdentity"))).status).toBe(200);
  });
});

describe("a principal that is deleted", () => {
  const drop = async (name: string, keys: Keys, by?: Keys): Promise<void> => {
    await iam("DeleteAccessKey", { UserName: name, AccessKeyId: keys.accessKeyId }, by);
    expect((await iam("DeleteUser", { UserName: name }, by)).status).toBe(200);
  };

  test("is shown by its unique id, and another of that name is not trusted", async () => {
    const first = await server.makeUser("leaver");
    const id = (await iam("GetUser", { UserName: "leaver" })).one("UserId");
    await makeRole(trust({ AWS: userArn("leaver") }));
    expect((await assume(first)).status).toBe(200);
    await drop("leaver", first);
    expect(await trustOf()).toBe(trust({ AWS: id }));
    const second = await server.makeUser("leaver", ["sts:AssumeRole"]);
    expect((await assume(second)).status).toBe(403);
    await update(trust({ AWS: userArn("leaver") }));
    expect((await assume(second)).status).toBe(200);
  });

  test("leaves the others, and conditions, as they are", async () => {
    const keys = await server.makeUser("one-of-two");
    const id = (await iam("GetUser", { UserName: "one-of-two" })).one("UserId");
    const condition = { StringEquals: { "aws:PrincipalArn": userArn("one-of-two") } };
    const both = (first: string): string =>
      trust(
        { AWS: [first, userArn("administrator")], Service: "ecs.amazonaws.com" },
        "sts:AssumeRole",
        condition,
      );
    await makeRole(both(userArn("one-of-two")));
    await drop("one-of-two", keys);
    expect(await trustOf()).toBe(both(id));
  });

  test("is nobody in other accounts either", async () => {
    await otherIam("CreateUser", { UserName: "guest" });
    const guest = keysOf(await otherIam("CreateAccessKey", { UserName: "guest" }));
    const id = (await otherIam("GetUser", { UserName: "guest" })).one("UserId");
    await makeRole(trust({ AWS: userArn("guest", OTHER) }));
    await drop("guest", guest, server.otherAdministrator);
    expect(await trustOf()).toBe(trust({ AWS: id }));
  });

  test("may be a role", async () => {
    await makeRole(trust({ AWS: ACCOUNT }), `${role}-trusted`);
    const id = (await iam("GetRole", { RoleName: `${role}-trusted` })).one("RoleId");
    await makeRole(trust({ AWS: [roleArn(`${role}-trusted`)] }));
    await iam("DeleteRole", { RoleName: `${role}-trusted` });
    expect(await trustOf()).toBe(trust({ AWS: [id] }));
  });

  test("is found however the document writes its ARN", async () => {
    const keys = await server.makeUser("escaped");
    const id = (await iam("GetUser", { UserName: "escaped" })).one("UserId");
    await makeRole(trust({ AWS: userArn("escaped") }).replaceAll("/", "\\/"));
    await drop("escaped", keys);
    expect(await trustOf()).toBe(trust({ AWS: id }));
  });

  test("while a role begins to trust it leaves no trust in its name behind", async () => {
    await makeRole(trust({ AWS: ACCOUNT }));
    for (let round = 0; round < 8; round++) {
      await otherIam("CreateUser", { UserName: "racer" });
      const [deleted] = await Promise.all([
        otherIam("DeleteUser", { UserName: "racer" }),
        update(trust({ AWS: userArn("racer", OTHER) })),
      ]);
      expect(deleted.status).toBe(200);
      expect(await trustOf()).not.toContain("racer");
    }
  });
});

test("a user that is renamed or moved is trusted on", async () => {
  const keys = await server.makeUser("before");
  await makeRole(trust({ AWS: userArn("before") }));
  await iam("UpdateUser", { UserName: "before", NewUserName: "after", NewPath: "/team/" });
  expect(await trustOf()).toBe(trust({ AWS: userArn("team/after") }));
  expect((await assume(keys)).status).toBe(200);
});
