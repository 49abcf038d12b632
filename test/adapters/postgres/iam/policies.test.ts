import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { rowsOf } from "../../../support/rows.ts";
import { ACCOUNT, allow, type IamServer, type Parameters, startIamServer, trust } from "./iam-server.ts";

let server: IamServer;
beforeAll(async () => {
  server = await startIamServer();
  await iam("CreateUser", { UserName: "u" });
  await iam("CreateGroup", { GroupName: "g" });
  await iam("CreateRole", { RoleName: "r", AssumeRolePolicyDocument: trust({ AWS: ACCOUNT }) });
});
afterAll(() => server.close());

const iam = (action: string, parameters: Parameters = {}, keys = server.administrator) =>
  server.call("iam", action, parameters, keys);
const arnOf = (name: string): string => `arn:aws:iam::${ACCOUNT}:policy/${name}`;
const READ_ONLY = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly";

describe.each([
  ["User", "u", 2048],
  ["Group", "g", 5120],
  ["Role", "r", 10_240],
])("inline policies of a %s", (kind, name, max) => {
  const owner = { [`${kind}Name`]: name };

  test("are put, read URL-encoded, listed and deleted", async () => {
    const document = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"ecr:*","Resource":"*","Sid":"a"} }`;
    const policy = { ...owner, PolicyName: "p1" };
    expect((await iam(`Put${kind}Policy`, { ...policy, PolicyDocument: document })).status).toBe(200);
    const read = await iam(`Get${kind}Policy`, policy);
    expect(read.one("PolicyDocument")).toMatch(/^%7B%22Version%22/);
    expect(read.one("PolicyDocument")).toContain("ecr%3A%2A");
    expect(decodeURIComponent(read.one("PolicyDocument"))).toBe(document);
    expect((await iam(`List${kind}Policies`, owner)).all("member")).toEqual(["p1"]);
    expect((await iam(`Delete${kind}Policy`, policy)).status).toBe(200);
    const gone = await iam(`Get${kind}Policy`, policy);
    expect([gone.one("Code"), gone.one("Message")]).toEqual([
      "NoSuchEntity",
      `The ${kind.toLowerCase()} policy with name p1 cannot be found.`,
    ]);
  });

  test("that make no sense are refused with where and what", async () => {
    const document = allow(["ecr:*"]).replace("Allow", "Permit");
    const answer = await iam(`Put${kind}Policy`, { ...owner, PolicyName: "bad", PolicyDocument: document });
    expect([answer.status, answer.one("Code")]).toEqual([400, "MalformedPolicyDocument"]);
    expect(answer.one("Message")).toContain("Statement[0].Effect");
  });

  test("are counted together, without white space", async () => {
    const filler = (size: number): string =>
      allow(["ecr:*"], `arn:aws:ecr:*:*:repository/${"x".repeat(size)}`);
    const half = filler(max / 2);
    const spaced = half.replaceAll(",", `,${" ".repeat(200)}`);
    expect(
      (await iam(`Put${kind}Policy`, { ...owner, PolicyName: "a", PolicyDocument: spaced })).status,
    ).toBe(200);
    const answer = await iam(`Put${kind}Policy`, { ...owner, PolicyName: "b", PolicyDocument: half });
    expect([answer.status, answer.one("Code")]).toEqual([409, "LimitExceeded"]);
    expect(answer.one("Message")).toBe(
      `Maximum policy size of ${max} bytes exceeded for ${kind.toLowerCase()} ${name}`,
    );
    const other = await iam(`Put${kind}Policy`, { ...owner, PolicyName: "a", PolicyDocument: half });
    expect(other.status).toBe(200);
  });
});

describe.each([
  ["User", "u"],
  ["Group", "g"],
  ["Role", "r"],
])("attached policies of a %s", (kind, name) => {
  const owner = { [`${kind}Name`]: name };

  test("are attached twice as once, listed below a path, and detached", async () => {
    for (let time = 0; time < 2; time++) {
      expect((await iam(`Attach${kind}Policy`, { ...owner, PolicyArn: READ_ONLY })).status).toBe(200);
    }
    const listed = await iam(`ListAttached${kind}Policies`, owner);
    expect(listed.all("PolicyName")).toEqual(["AmazonEC2ContainerRegistryReadOnly"]);
    expect(
      (await iam(`ListAttached${kind}Policies`, { ...owner, PathPrefix: "/x/" })).all("PolicyArn"),
    ).toEqual([]);
    expect((await iam(`Detach${kind}Policy`, { ...owner, PolicyArn: READ_ONLY })).status).toBe(200);
    const again = await iam(`Detach${kind}Policy`, { ...owner, PolicyArn: READ_ONLY });
    expect([again.one("Code"), again.one("Message")]).toEqual([
      "NoSuchEntity",
      `Policy ${READ_ONLY} was not found.`,
    ]);
  });

  test("must exist", async () => {
    const answer = await iam(`Attach${kind}Policy`, { ...owner, PolicyArn: arnOf("none") });
    expect([answer.one("Code"), answer.one("Message")]).toEqual([
      "NoSuchEntity",
      `Policy ${arnOf("none")} does not exist or is not attachable.`,
    ]);
  });

  test("are ten at most", async () => {
    for (let number = 0; number < 11; number++) {
      const policy = { PolicyName: `${kind}-${number}`, PolicyDocument: allow(["ecr:*"]) };
      await iam("CreatePolicy", policy);
      const answer = await iam(`Attach${kind}Policy`, { ...owner, PolicyArn: arnOf(policy.PolicyName) });
      expect(answer.status).toBe(number < 10 ? 200 : 409);
      if (number === 10) expect(answer.one("Message")).toBe(`Cannot exceed quota for PoliciesPer${kind}: 10`);
    }
  });
});

describe("a managed policy", () => {
  test("has five versions at most, one of them the default", async () => {
    const arn = arnOf("versioned");
    await iam("CreatePolicy", {
      PolicyName: "versioned",
      PolicyDocument: allow(["ecr:GetAuthorizationToken"]),
    });
    for (let number = 2; number <= 5; number++) {
      const made = await iam("CreatePolicyVersion", {
        ...{ PolicyArn: arn, PolicyDocument: allow([`ecr:Action${number}`]), SetAsDefault: number === 3 },
      });
      expect(made.one("VersionId")).toBe(`v${number}`);
    }
    const sixth = await iam("CreatePolicyVersion", { PolicyArn: arn, PolicyDocument: allow(["ecr:*"]) });
    expect([sixth.status, sixth.one("Code")]).toEqual([409, "LimitExceeded"]);
    expect((await iam("GetPolicy", { PolicyArn: arn })).one("DefaultVersionId")).toBe("v3");
    const listed = await iam("ListPolicyVersions", { PolicyArn: arn });
    expect(listed.all("VersionId")).toEqual(["v5", "v4", "v3", "v2", "v1"]);
    const conflict = await iam("DeletePolicyVersion", { PolicyArn: arn, VersionId: "v3" });
    expect(conflict.one("Message")).toBe("Cannot delete the default version of a policy.");
    await iam("DeletePolicyVersion", { PolicyArn: arn, VersionId: "v5" });
    await iam("SetDefaultPolicyVersion", { PolicyArn: arn, VersionId: "v1" });
    // A number is never used again.
    const next = await iam("CreatePolicyVersion", { PolicyArn: arn, PolicyDocument: allow(["ecr:*"]) });
    expect(next.one("VersionId")).toBe("v6");
    const read = await iam("GetPolicyVersion", { PolicyArn: arn, VersionId: "v1" });
    expect(decodeURIComponent(read.one("Document"))).toBe(allow(["ecr:GetAuthorizationToken"]));
    expect(read.one("IsDefaultVersion")).toBe("true");
    const missing = await iam("GetPolicyVersion", { PolicyArn: arn, VersionId: "v5" });
    expect(missing.one("Code")).toBe("NoSuchEntity");
  });

  test("cannot be deleted while it is attached, bounds somebody, or has other versions", async () => {
    const arn = arnOf("used");
    const document = { PolicyDocument: allow(["ecr:*"]) };
    await iam("CreatePolicy", { PolicyName: "used", ...document });
    await iam("CreateUser", { UserName: "bounded", PermissionsBoundary: arn });
    const message = async (): Promise<string> =>
      (await iam("DeletePolicy", { PolicyArn: arn })).one("Message");
    expect(await message()).toBe("Cannot delete a policy attached to entities.");
    await iam("DeleteUserPermissionsBoundary", { UserName: "bounded" });
    await iam("CreatePolicyVersion", { PolicyArn: arn, ...document });
    expect(await message()).toMatch(/^This policy has more than one version\./);
    await iam("DeletePolicyVersion", { PolicyArn: arn, VersionId: "v2" });
    expect((await iam("DeletePolicy", { PolicyArn: arn })).status).toBe(200);
    expect((await iam("GetPolicy", { PolicyArn: arn })).one("Message")).toBe(`Policy ${arn} was not found.`);
  });

  test("is one of a name, whatever path and letter case", async () => {
    await iam("CreatePolicy", { PolicyName: "Named", Path: "/a/", PolicyDocument: allow(["ecr:*"]) });
    const answer = await iam("CreatePolicy", { PolicyName: "named", PolicyDocument: allow(["ecr:*"]) });
    expect([answer.status, answer.one("Message")]).toEqual([
      409,
      "A policy called named already exists. Duplicate names are not allowed.",
    ]);
  });

  test("is too long at 6,145 characters", async () => {
    const document = allow(["ecr:*"], `arn:aws:ecr:*:*:repository/${"x".repeat(6100)}`);
    const answer = await iam("CreatePolicy", { PolicyName: "long", PolicyDocument: document });
    expect([answer.one("Code"), answer.one("Message")]).toEqual([
      "LimitExceeded",
      "Cannot exceed quota for PolicySize: 6144",
    ]);
  });

  test("of AWS can be read and not changed", async () => {
    const shown = await iam("GetPolicy", { PolicyArn: READ_ONLY });
    expect(shown.one("PolicyName")).toBe("AmazonEC2ContainerRegistryReadOnly");
    expect((await iam("GetPolicyVersion", { PolicyArn: READ_ONLY, VersionId: "v1" })).status).toBe(200);
    for (const action of ["DeletePolicy", "CreatePolicyVersion"]) {
      const answer = await iam(action, { PolicyArn: READ_ONLY, PolicyDocument: allow(["ecr:*"]) });
      expect(answer.one("Code")).toBe("AccessDenied");
    }
  });

  test("is listed with AWS's, page by page", async () => {
    const names: string[] = [];
    let marker: string | undefined;
    do {
      const more: Parameters = marker === undefined ? {} : { Marker: marker };
      const page = await iam("ListPolicies", { MaxItems: 60, ...more });
      names.push(...page.all("PolicyName"));
      marker = page.one("IsTruncated") === "true" ? page.one("Marker") : undefined;
    } while (marker !== undefined);
    const shipped = server.ports.aws.all.map(({ name }) => name);
    expect(names.slice(0, shipped.length)).toEqual(shipped);
    expect(names).toContain("versioned");
    expect(new Set(names).size).toBe(names.length);
    const ofAws = await iam("ListPolicies", { Scope: "AWS", MaxItems: 1000 });
    expect(ofAws.all("PolicyName")).toEqual(shipped);
    expect((await iam("ListPolicies", { Scope: "Local" })).all("PolicyName")).not.toContain(
      "AmazonECSTaskExecutionRolePolicy",
    );
  });

  test("knows who uses it", async () => {
    const arn = arnOf("User-0");
    await iam("AttachRolePolicy", { RoleName: "r", PolicyArn: READ_ONLY });
    await iam("PutRolePermissionsBoundary", { RoleName: "r", PermissionsBoundary: arn });
    const uses = await iam("ListEntitiesForPolicy", { PolicyArn: arn });
    expect([uses.all("UserName"), uses.all("RoleName")]).toEqual([["u"], ["r"]]);
    const bounds = await iam("ListEntitiesForPolicy", {
      PolicyArn: arn,
      PolicyUsageFilter: "PermissionsBoundary",
    });
    expect([bounds.all("UserName"), bounds.all("RoleName")]).toEqual([[], ["r"]]);
    const first = await iam("ListEntitiesForPolicy", { PolicyArn: arn, MaxItems: 1 });
    const rest = await iam("ListEntitiesForPolicy", { PolicyArn: arn, Marker: first.one("Marker") });
    expect([...first.all("RoleName"), ...rest.all("UserName")]).toEqual(["r", "u"]);
    await iam("DeleteRolePermissionsBoundary", { RoleName: "r" });
  });
});

test("a list of permissions policies lacks those that serve as boundaries alone", async () => {
  const made = { Path: "/usage/", PolicyDocument: allow(["ecr:*"]) };
  for (const PolicyName of ["unused", "boundary", "both"]) await iam("CreatePolicy", { PolicyName, ...made });
  const arn = (name: string): string => `arn:aws:iam::${ACCOUNT}:policy/usage/${name}`;
  for (const [at, name] of ["boundary", "both"].entries()) {
    const bounded = { UserName: `bounded-${at}`, PermissionsBoundary: arn(name) };
    expect((await iam("CreateUser", bounded)).status).toBe(200);
  }
  await iam("AttachUserPolicy", { UserName: "bounded-0", PolicyArn: arn("both") });
  const listed = async (PolicyUsageFilter: string) =>
    (await iam("ListPolicies", { PathPrefix: "/usage/", PolicyUsageFilter })).all("PolicyName");
  expect(await listed("PermissionsPolicy")).toEqual(["both", "unused"]);
  expect(await listed("PermissionsBoundary")).toEqual(["both", "boundary"]);
});

describe("what a user may do", () => {
  test("follows groups, boundaries and default versions at the very next call", async () => {
    const keys = await server.makeUser("worker");
    const may = async (): Promise<boolean> => (await iam("ListGroups", {}, keys)).status === 200;
    expect(await may()).toBe(false);
    await iam("CreateGroup", { GroupName: "crew" });
    await iam("PutGroupPolicy", { GroupName: "crew", PolicyName: "p", PolicyDocument: allow(["iam:List*"]) });
    await iam("AddUserToGroup", { GroupName: "crew", UserName: "worker" });
    expect(await may()).toBe(true);
    await iam("CreatePolicy", { PolicyName: "bound", PolicyDocument: allow(["ecr:*"]) });
    await iam("PutUserPermissionsBoundary", { UserName: "worker", PermissionsBoundary: arnOf("bound") });
    expect(await may()).toBe(false);
    await iam("CreatePolicyVersion", {
      ...{ PolicyArn: arnOf("bound"), PolicyDocument: allow(["iam:*"]), SetAsDefault: true },
    });
    expect(await may()).toBe(true);
    await iam("RemoveUserFromGroup", { GroupName: "crew", UserName: "worker" });
    expect(await may()).toBe(false);
  });

  test("may be held to certain policies and boundaries", async () => {
    const keys = await server.makeUser("limited");
    const condition = { Condition: { ArnEquals: { "iam:PolicyARN": READ_ONLY } } };
    const document = allow(["iam:AttachUserPolicy"], "*", condition);
    await iam("PutUserPolicy", { UserName: "limited", PolicyName: "p", PolicyDocument: document });
    expect((await iam("AttachUserPolicy", { UserName: "limited", PolicyArn: READ_ONLY }, keys)).status).toBe(
      200,
    );
    const other = { UserName: "limited", PolicyArn: arnOf("bound") };
    expect((await iam("AttachUserPolicy", other, keys)).status).toBe(403);
  });
});

describe("a group", () => {
  test("lists its users, and a user its groups; membership is ten groups at most", async () => {
    await iam("CreateUser", { UserName: "joiner" });
    for (let number = 0; number < 11; number++) {
      await iam("CreateGroup", { GroupName: `club${number}` });
      const answer = await iam("AddUserToGroup", { GroupName: `club${number}`, UserName: "joiner" });
      expect(answer.status).toBe(number < 10 ? 200 : 409);
    }
    expect((await iam("GetGroup", { GroupName: "club0" })).all("UserName")).toEqual(["joiner"]);
    expect((await iam("ListGroupsForUser", { UserName: "joiner" })).all("GroupName")).toHaveLength(10);
    const refused = await iam("DeleteGroup", { GroupName: "club0" });
    expect(refused.one("Code")).toBe("DeleteConflict");
    await iam("RemoveUserFromGroup", { GroupName: "club0", UserName: "joiner" });
    expect((await iam("DeleteGroup", { GroupName: "club0" })).status).toBe(200);
    const again = await iam("RemoveUserFromGroup", { GroupName: "club10", UserName: "joiner" });
    expect(again.one("Code")).toBe("NoSuchEntity");
  });
});

describe("an account", () => {
  test("has one alias, which is nobody else's", async () => {
    expect((await iam("CreateAccountAlias", { AccountAlias: "acme" })).status).toBe(200);
    const taken = await iam("CreateAccountAlias", { AccountAlias: "acme" }, server.otherAdministrator);
    expect([taken.status, taken.one("Code")]).toEqual([409, "EntityAlreadyExists"]);
    await iam("CreateAccountAlias", { AccountAlias: "acme-two" });
    expect((await iam("ListAccountAliases")).all("member")).toEqual(["acme-two"]);
    await iam("DeleteAccountAlias", { AccountAlias: "acme-two" });
    expect((await iam("ListAccountAliases")).all("member")).toEqual([]);
    expect((await iam("DeleteAccountAlias", { AccountAlias: "acme-two" })).one("Code")).toBe("NoSuchEntity");
  });

  test("counts what it has", async () => {
    const { text } = await iam("GetAccountSummary");
    expect(text).toMatch(/<key>AccessKeysPerUserQuota<\/key>\s*<value>2<\/value>/);
    expect(text).toMatch(/<key>Users<\/key>\s*<value>[1-9]\d*<\/value>/);
  });
});

test("a policy says how many carry it and how many it bounds", async () => {
  const PolicyArn = arnOf("counted");
  await iam("CreatePolicy", { PolicyName: "counted", PolicyDocument: allow(["ecr:*"]) });
  await iam("CreatePolicy", { PolicyName: "uncounted", PolicyDocument: allow(["ecr:*"]) });
  const counts = async () => {
    const answer = await iam("GetPolicy", { PolicyArn });
    return [answer.one("AttachmentCount"), answer.one("PermissionsBoundaryUsageCount")];
  };
  expect(await counts()).toEqual(["0", "0"]);
  const bounded = await iam("CreateUser", { UserName: "counted-by", PermissionsBoundary: PolicyArn });
  expect(bounded.status).toBe(200);
  for (const UserName of ["otherwise1", "otherwise2"])
    await iam("CreateUser", { UserName, PermissionsBoundary: arnOf("uncounted") });
  expect(await counts()).toEqual(["0", "1"]);
  for (const UserName of ["counted-by", "otherwise1", "otherwise2"])
    await iam("AttachUserPolicy", { UserName, PolicyArn });
  expect(await counts()).toEqual(["3", "1"]);
  const held = await iam("DeletePolicy", { PolicyArn });
  expect([held.status, held.one("Code")]).toEqual([409, "DeleteConflict"]);
  for (const UserName of ["counted-by", "otherwise1", "otherwise2"])
    await iam("DetachUserPolicy", { UserName, PolicyArn });
  expect((await iam("DeletePolicy", { PolicyArn })).one("Code")).toBe("DeleteConflict");
  await iam("DeleteUserPermissionsBoundary", { UserName: "counted-by" });
  expect((await iam("DeletePolicy", { PolicyArn })).status).toBe(200);
});

test("an account has 1500 policies and no more, whatever others have", async () => {
  const [, other = ""] = (
    await rowsOf<{ id: string }>(server, "SELECT id FROM accounts ORDER BY id <> $1", [ACCOUNT])
  ).map(({ id }) => id);
  const [made] = await rowsOf<{ have: number }>(
    server,
    "SELECT count(*)::int AS have FROM iam_policies WHERE account_id = $1",
    [ACCOUNT],
  );
  const fill = `INSERT INTO iam_policies (account_id, unique_id, path, name, created_at, updated_at)
    SELECT $1, $1 || 'FILLER' || n, '/', 'filler' || n, now(), now() FROM generate_series(1, $2::int) AS n`;
  await rowsOf(server, fill, [ACCOUNT, 1499 - (made?.have ?? 0)]);
  await rowsOf(server, fill, [other, 100]);
  const create = (PolicyName: string) =>
    iam("CreatePolicy", { PolicyName, PolicyDocument: allow(["ecr:*"]) });
  expect((await create("last")).status).toBe(200);
  const answer = await create("beyond");
  expect([answer.status, answer.one("Code")]).toEqual([409, "LimitExceeded"]);
  expect(answer.one("Message")).toContain("1500");
});
