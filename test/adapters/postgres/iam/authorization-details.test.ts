import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ACCOUNT, allow, type IamServer, type Parameters, startIamServer, trust } from "./iam-server.ts";

let server: IamServer;
beforeAll(async () => {
  server = await startIamServer();
  await iam("CreatePolicy", {
    ...{ PolicyName: "local", Path: "/p/", Description: "mine", PolicyDocument: allow(["ecr:Get*"]) },
  });
  await iam("CreatePolicyVersion", {
    PolicyArn: LOCAL,
    PolicyDocument: allow(["ecr:*"]),
    SetAsDefault: true,
  });
  await iam("CreatePolicy", { PolicyName: "unused", PolicyDocument: allow(["sts:*"]) });
  for (const [index, name] of ["Ada", "bob", "cyd"].entries()) {
    await iam("CreateUser", {
      UserName: name,
      ...(index === 0 ? { PermissionsBoundary: READ_ONLY, ...TAG } : {}),
    });
  }
  await iam("CreateGroup", { GroupName: "devs", Path: "/g/" });
  await iam("AddUserToGroup", { UserName: "Ada", GroupName: "devs" });
  await iam("PutUserPolicy", { UserName: "Ada", PolicyName: "own", PolicyDocument: allow(["ecr:PutImage"]) });
  await iam("PutGroupPolicy", { GroupName: "devs", PolicyName: "all", PolicyDocument: allow(["iam:List*"]) });
  await iam("AttachUserPolicy", { UserName: "Ada", PolicyArn: LOCAL });
  await iam("AttachGroupPolicy", { GroupName: "devs", PolicyArn: FULL });
  const trusted = trust({ Service: "ec2.amazonaws.com" });
  await iam("CreateRole", { RoleName: "node", AssumeRolePolicyDocument: trusted, ...TAG });
  await iam("PutRolePolicy", {
    RoleName: "node",
    PolicyName: "pull",
    PolicyDocument: allow(["ecr:BatchGetImage"]),
  });
  await iam("AttachRolePolicy", { RoleName: "node", PolicyArn: LOCAL });
  await iam("CreateRole", { RoleName: "plain", AssumeRolePolicyDocument: trusted });
  await iam("CreateInstanceProfile", { InstanceProfileName: "nodes" });
  await iam("AddRoleToInstanceProfile", { InstanceProfileName: "nodes", RoleName: "node" });
});
afterAll(() => server.close());

const iam = (action: string, parameters: Parameters = {}, keys = server.administrator) =>
  server.call("iam", action, parameters, keys);
const details = (parameters: Parameters = {}) => iam("GetAccountAuthorizationDetails", parameters);
type Answer = Awaited<ReturnType<typeof iam>>;

const LOCAL = `arn:aws:iam::${ACCOUNT}:policy/p/local`;
const READ_ONLY = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly";
const FULL = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryFullAccess";
const TAG = { "Tags.member.1.Key": "team", "Tags.member.1.Value": "red" };

/** Names of everything in an answer, by what it is. */
function namesIn(answer: Answer): Readonly<Record<string, readonly string[]>> {
  const inside = (list: string, name: string): readonly string[] =>
    [...answer.one(list).matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, "g"))].map(
      ([, each = ""]) => each,
    );
  return {
    users: inside("UserDetailList", "UserName"),
    groups: inside("GroupDetailList", "GroupName"),
    roles: [...new Set(inside("RoleDetailList", "RoleName"))],
    policies: inside("Policies", "PolicyName"),
  };
}

const EVERYTHING = {
  users: ["Ada", "administrator", "bob", "cyd"],
  groups: ["devs"],
  roles: ["node", "plain"],
  policies: [
    ...["local", "unused", "AmazonEC2ContainerRegistryFullAccess", "AmazonEC2ContainerRegistryReadOnly"],
  ],
};

describe("the details of an account", () => {
  test("are everything that says who may do what, and AWS's policies that are in use", async () => {
    const answer = await details();
    expect(answer.status, answer.text).toBe(200);
    expect(namesIn(answer)).toEqual(EVERYTHING);
    expect(answer.one("IsTruncated")).toBe("false");
  });

  test("say of a user what GetUser, its groups and its policies say", async () => {
    const [ada] = (await details({ "Filter.member.1": "User" }))
      .one("UserDetailList")
      .split("</member><member><Path>");
    expect(ada).toContain("<GroupList><member>devs</member></GroupList>");
    expect(ada).toContain(`<PolicyArn>${LOCAL}</PolicyArn>`);
    expect(ada).toContain(`<PermissionsBoundaryArn>${READ_ONLY}</PermissionsBoundaryArn>`);
    expect(ada).toContain("<Key>team</Key><Value>red</Value>");
    expect(ada).toContain("<PolicyName>own</PolicyName>");
    expect(decodeURIComponent(/<PolicyDocument>([^<]*)</.exec(ada ?? "")?.[1] ?? "")).toBe(
      allow(["ecr:PutImage"]),
    );
    const shown = await iam("GetUser", { UserName: "Ada" });
    expect(ada).toContain(`<Arn>${shown.one("Arn")}</Arn>`);
    expect(ada).toContain(`<UserId>${shown.one("UserId")}</UserId>`);
  });

  test("say of a role whom it trusts, and in which instance profiles it is", async () => {
    const answer = await details({ "Filter.member.1": "Role" });
    expect(answer.all("InstanceProfileName")).toEqual(["nodes"]);
    expect(decodeURIComponent(answer.one("AssumeRolePolicyDocument"))).toBe(
      trust({ Service: "ec2.amazonaws.com" }),
    );
    expect(answer.one("RolePolicyList")).toContain("<PolicyName>pull</PolicyName>");
    expect(answer.one("AttachedManagedPolicies")).toContain(LOCAL);
    expect(answer.all("InstanceProfileList")).toHaveLength(2);
    expect(answer.text).toContain("<InstanceProfileList></InstanceProfileList>");
  });

  test("say of a policy how often it is used, and all its versions", async () => {
    const answer = await details({ "Filter.member.1": "LocalManagedPolicy" });
    expect([
      answer.one("AttachmentCount"),
      answer.one("DefaultVersionId"),
      answer.one("Description"),
    ]).toEqual([...["2", "v2", "mine"]]);
    const [versions = ""] = answer.all("PolicyVersionList");
    expect([...versions.matchAll(/<VersionId>(v\d)</g)].map(([, id]) => id)).toEqual(["v2", "v1"]);
    expect([...versions.matchAll(/<IsDefaultVersion>(\w+)</g)].map(([, is]) => is)).toEqual([
      "true",
      "false",
    ]);
    expect(decodeURIComponent(answer.one("Document"))).toBe(allow(["ecr:*"]));
  });

  test("say of AWS's policies how the account uses them", async () => {
    const answer = await details({ "Filter.member.1": "AWSManagedPolicy" });
    expect(answer.all("AttachmentCount")).toEqual(["1", "0"]);
    expect(answer.all("PermissionsBoundaryUsageCount")).toEqual(["0", "1"]);
    expect(decodeURIComponent(answer.one("Document"))).toContain('"ecr:*"');
  });

  test.each<[string, Partial<typeof EVERYTHING>]>([
    ["User", { users: EVERYTHING.users }],
    ["Group", { groups: EVERYTHING.groups }],
    ["Role", { roles: EVERYTHING.roles }],
    ["LocalManagedPolicy", { policies: ["local", "unused"] }],
    ["AWSManagedPolicy", { policies: EVERYTHING.policies.slice(2) }],
  ])("can be those of the kind %s alone", async (kind, names) => {
    const nothing = { users: [], groups: [], roles: [], policies: [] };
    expect(namesIn(await details({ "Filter.member.1": kind }))).toEqual({ ...nothing, ...names });
  });

  test.each([1, 2, 3, 4, 5, 9])("come %i at a time, each once", async (size) => {
    const found: Record<string, string[]> = { users: [], groups: [], roles: [], policies: [] };
    for (let marker: string | undefined = "", pages = 0; marker !== undefined; pages++) {
      expect(pages).toBeLessThan(20);
      const answer = await details({ MaxItems: size, ...(marker === "" ? {} : { Marker: marker }) });
      const names = Object.entries(namesIn(answer));
      expect(names.flatMap(([, each]) => each).length).toBeLessThanOrEqual(size);
      for (const [kind, each] of names) found[kind]?.push(...each);
      marker = answer.one("IsTruncated") === "true" ? answer.one("Marker") : undefined;
    }
    expect(found).toEqual(EVERYTHING);
  });

  test("take a marker for the same filter alone", async () => {
    const { one } = await details({ MaxItems: 1 });
    const other = await details({ Marker: one("Marker"), "Filter.member.1": "User" });
    expect([other.status, other.one("Code")]).toEqual([400, "ValidationError"]);
    expect((await details({ "Filter.member.1": "Everything" })).one("Code")).toBe("ValidationError");
  });

  test("are another account's own, and for whom a policy lets read them", async () => {
    const other = await iam("GetAccountAuthorizationDetails", {}, server.otherAdministrator);
    expect(namesIn(other)).toEqual({ users: ["administrator"], groups: [], roles: [], policies: [] });
    const keys = await server.makeUser("dan", ["iam:Get*User*"]);
    const denied = await iam("GetAccountAuthorizationDetails", {}, keys);
    expect([denied.status, denied.one("Code")]).toEqual([403, "AccessDenied"]);
  });
});

test("the summary of an account counts what it has", async () => {
  const answer = await iam("GetAccountSummary");
  const value = (key: string) => new RegExp(`<key>${key}</key><value>(\\d+)<`).exec(answer.text)?.[1];
  const keys = ["Groups", "Roles", "Policies", "PolicyVersionsInUse", "InstanceProfiles", "Providers"];
  expect(keys.map(value)).toEqual(["1", "2", "2", "3", "1", "0"]);
});
