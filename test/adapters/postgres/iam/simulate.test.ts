import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ACCOUNT, allow, type IamServer, OTHER, type Parameters, startIamServer } from "./iam-server.ts";

let server: IamServer;
beforeAll(async () => {
  server = await startIamServer();
});
afterAll(() => server.close());

const iam = (action: string, parameters: Parameters = {}, keys = server.administrator) =>
  server.call("iam", action, parameters, keys);
const custom = (policy: string, more: Parameters = {}) =>
  iam("SimulateCustomPolicy", {
    "PolicyInputList.member.1": policy,
    "ActionNames.member.1": "ecr:PutImage",
    ...more,
  });
const userArn = (name: string, account = ACCOUNT): string => `arn:aws:iam::${account}:user/${name}`;
const REPOSITORY = `arn:aws:ecr:eu-central-1:${ACCOUNT}:repository/app`;

describe("SimulateCustomPolicy", () => {
  test.each([
    ["allowed", allow(["ecr:Put*"])],
    ["implicitDeny", allow(["ecr:Get*"])],
    ["explicitDeny", allow(["ecr:Put*"]).replace('"Allow"', '"Deny"')],
  ])("answers %s", async (decision, policy) => {
    expect((await custom(policy)).one("EvalDecision")).toBe(decision);
  });

  test("says which statement matched, and where it stands", async () => {
    const policy = `{"Version": "2012-10-17", "Statement": [\n  {"Effect": "Allow", "Action": "s3:*", "Resource": "*"},\n  {"Effect": "Allow", "Action": "ecr:*", "Resource": "*"}]}`;
    const { one } = await custom(policy);
    expect(one("SourcePolicyId")).toBe("PolicyInputList.1");
    expect(one("StartPosition").replace(/\s/g, "")).toBe("<Column>3</Column><Line>3</Line>");
  });

  test("takes its context from ContextEntries alone", async () => {
    const condition = (value: string): string =>
      allow(["ecr:*"], "*", { Condition: { StringLike: { "aws:username": value } } });
    // The administrator calls; the simulated request has no user name.
    const absent = await custom(condition("*"));
    expect([absent.one("EvalDecision"), absent.one("MissingContextValues")]).toEqual([
      "implicitDeny",
      "<member>aws:username</member>",
    ]);
    const given = await custom(condition("ann*"), {
      ...{
        "ContextEntries.member.1.ContextKeyName": "aws:UserName",
        "ContextEntries.member.1.ContextKeyType": "string",
      },
      ...{ "ContextEntries.member.1.ContextKeyValues.member.1": "anna" },
    });
    expect(given.one("EvalDecision")).toBe("allowed");
  });

  test("takes a caller who does not exist and a resource policy without Resource", async () => {
    const resourcePolicy = JSON.stringify({
      ...{ Version: "2012-10-17" },
      Statement: [{ Effect: "Allow", Principal: { AWS: userArn("ghost", OTHER) }, Action: "ecr:PutImage" }],
    });
    const across = (policy: string) =>
      custom(policy, {
        ...{ CallerArn: userArn("ghost", OTHER), ResourcePolicy: resourcePolicy },
        "ResourceArns.member.1": REPOSITORY,
      });
    // Across accounts both must allow.
    expect((await across(allow(["ecr:*"]))).one("EvalDecision")).toBe("allowed");
    expect((await across(allow(["s3:*"]))).one("EvalDecision")).toBe("implicitDeny");
    const without = await custom(allow(["ecr:*"]), { ResourcePolicy: resourcePolicy });
    expect([without.status, without.one("Code")]).toEqual([400, "InvalidInput"]);
  });

  test("narrows by a boundary and says so", async () => {
    const answer = await custom(allow(["ecr:*"]), {
      "PermissionsBoundaryPolicyInputList.member.1": allow(["s3:*"]),
    });
    expect([answer.one("EvalDecision"), answer.one("AllowedByPermissionsBoundary")]).toEqual([
      "implicitDeny",
      "false",
    ]);
  });

  test("asks every level of service control policies", async () => {
    const level = (number: number, policy: string): Parameters => ({
      [`OrderedOrganizationPolicyInputList.member.${number}.ServiceControlPolicyInputList.member.1`]: policy,
    });
    const open = await custom(allow(["ecr:*"]), { ...level(1, allow(["*"])), ...level(2, allow(["ecr:*"])) });
    expect([open.one("EvalDecision"), open.one("AllowedByOrganizations")]).toEqual(["allowed", "true"]);
    const closed = await custom(allow(["ecr:*"]), {
      ...level(1, allow(["*"])),
      ...level(2, allow(["s3:*"])),
    });
    expect([closed.one("EvalDecision"), closed.one("AllowedByOrganizations")]).toEqual([
      "implicitDeny",
      "false",
    ]);
  });

  test("judges every action on every resource, page by page", async () => {
    const more: Parameters = {
      ...{
        "ActionNames.member.2": "ecr:GetImage",
        "ResourceArns.member.1": REPOSITORY,
        "ResourceArns.member.2": `${REPOSITORY}2`,
      },
    };
    const policy = allow(["ecr:PutImage"], REPOSITORY);
    const first = await custom(policy, { ...more, MaxItems: 3 });
    expect([first.all("EvalDecision"), first.one("IsTruncated")]).toEqual([
      ["allowed", "implicitDeny", "implicitDeny"],
      "true",
    ]);
    const rest = await custom(policy, { ...more, MaxItems: 3, Marker: first.one("Marker") });
    expect([rest.all("EvalDecision"), rest.one("IsTruncated")]).toEqual([["implicitDeny"], "false"]);
  });

  test.each([
    ["a policy that is none", { "PolicyInputList.member.1": "{}" }],
    ["an action that is none", { "ActionNames.member.1": "PutImage" }],
    ["a caller that is none", { CallerArn: `arn:aws:iam::${ACCOUNT}:group/g` }],
  ])("refuses %s", async (_, more: Parameters) => {
    const answer = await custom(allow(["ecr:*"]), more);
    expect([answer.status, answer.one("Code")]).toEqual([400, "InvalidInput"]);
  });

  test("takes a permission", async () => {
    const keys = await server.makeUser("unable");
    const answer = await iam(
      "SimulateCustomPolicy",
      { "PolicyInputList.member.1": allow(["ecr:*"]), "ActionNames.member.1": "ecr:PutImage" },
      keys,
    );
    expect(answer.status).toBe(403);
  });
});

describe("SimulatePrincipalPolicy", () => {
  const simulate = (name: string, more: Parameters = {}) =>
    iam("SimulatePrincipalPolicy", {
      PolicySourceArn: userArn(name),
      "ActionNames.member.1": "ecr:PutImage",
      ...more,
    });

  test("judges what a user has: own policies, groups, boundary, tags", async () => {
    await iam("CreateUser", {
      UserName: "subject",
      "Tags.member.1.Key": "team",
      "Tags.member.1.Value": "red",
    });
    expect((await simulate("subject")).one("EvalDecision")).toBe("implicitDeny");
    await iam("CreateGroup", { GroupName: "pushers" });
    const condition = {
      Condition: { StringEquals: { "aws:PrincipalTag/team": "red", "aws:username": "subject" } },
    };
    await iam("PutGroupPolicy", {
      GroupName: "pushers",
      PolicyName: "push",
      PolicyDocument: allow(["ecr:*"], "*", condition),
    });
    await iam("AddUserToGroup", { GroupName: "pushers", UserName: "subject" });
    const allowed = await simulate("subject");
    expect([allowed.one("EvalDecision"), allowed.one("SourcePolicyType")]).toEqual(["allowed", "group"]);
    await iam("CreatePolicy", { PolicyName: "tight", PolicyDocument: allow(["s3:*"]) });
    const arn = `arn:aws:iam::${ACCOUNT}:policy/tight`;
    await iam("PutUserPermissionsBoundary", { UserName: "subject", PermissionsBoundary: arn });
    expect((await simulate("subject")).one("EvalDecision")).toBe("implicitDeny");
    const without = await simulate("subject", {
      "PolicyExclusionList.member.1.PolicyType": "permission-boundary",
    });
    expect(without.one("EvalDecision")).toBe("allowed");
    const group = await iam("SimulatePrincipalPolicy", {
      ...{ PolicySourceArn: `arn:aws:iam::${ACCOUNT}:group/pushers`, "ActionNames.member.1": "ecr:PutImage" },
      ...{ "ContextEntries.member.1.ContextKeyName": "aws:PrincipalTag/team" },
      ...{ "ContextEntries.member.1.ContextKeyValues.member.1": "red" },
      ...{ "ContextEntries.member.2.ContextKeyName": "aws:username" },
      ...{ "ContextEntries.member.2.ContextKeyValues.member.1": "subject" },
    });
    expect(group.one("EvalDecision")).toBe("allowed");
  });

  test("refuses a source that does not exist", async () => {
    expect((await simulate("absent")).one("Code")).toBe("NoSuchEntity");
  });
});

describe("GetContextKeys", () => {
  const policy = JSON.stringify({
    Version: "2012-10-17",
    Statement: {
      ...{
        Effect: "Allow",
        Action: "ecr:*",
        Resource: `arn:aws:ecr:*:*:repository/\${aws:PrincipalTag/team}/*`,
      },
      Condition: {
        IpAddress: { "aws:SourceIp": "10.0.0.0/8" },
        StringLike: { "ecr:ResourceTag/x": `\${aws:username, 'n'}*` },
      },
    },
  });
  const keys = ["aws:PrincipalTag/team", "aws:SourceIp", "aws:username", "ecr:ResourceTag/x"];

  test("ForCustomPolicy names keys of conditions and variables", async () => {
    const answer = await iam("GetContextKeysForCustomPolicy", { "PolicyInputList.member.1": policy });
    expect(answer.all("member")).toEqual(keys);
  });

  test("ForPrincipalPolicy names those of a principal too", async () => {
    await iam("CreateUser", { UserName: "keyed" });
    await iam("PutUserPolicy", { UserName: "keyed", PolicyName: "p", PolicyDocument: policy });
    const answer = await iam("GetContextKeysForPrincipalPolicy", { PolicySourceArn: userArn("keyed") });
    expect(answer.all("member")).toEqual(keys);
  });
});
