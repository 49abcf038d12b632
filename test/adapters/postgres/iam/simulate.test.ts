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

  test("shows about 120 results at once, and the others on the next page", async () => {
    const many = (list: string, count: number, text: string) =>
      Object.fromEntries(
        Array.from({ length: count }, (_, at) => [`${list}.member.${at + 1}`, `${text}${at}`]),
      );
    const asked = { ...many("ActionNames", 15, "ecr:Put"), ...many("ResourceArns", 50, `${REPOSITORY}/`) };
    const shown: number[] = [];
    for (let marker: string | undefined = ""; marker !== undefined; ) {
      const page = await custom(allow(["ecr:*"]), { ...asked, ...(marker === "" ? {} : { Marker: marker }) });
      shown.push(page.text.split("<EvalActionName>").length - 1);
      marker = page.one("IsTruncated") === "true" ? page.one("Marker") : undefined;
    }
    expect(shown).toEqual([3, 3, 3, 3, 3]);
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

  const RESOURCES: Parameters = {
    ...{ "ResourceArns.member.1": REPOSITORY, "ResourceArns.member.2": `${REPOSITORY}2` },
  };

  test("answers an action by its most restrictive resource, and each resource by itself", async () => {
    const { text, all, one } = await custom(allow(["ecr:PutImage"], REPOSITORY), RESOURCES);
    expect([all("EvalActionName"), all("EvalDecision")]).toEqual([["ecr:PutImage"], ["implicitDeny"]]);
    expect(all("EvalResourceDecision")).toEqual(["allowed", "implicitDeny"]);
    // Of the action, then of the resources.
    expect(all("EvalResourceName")).toEqual(["*", REPOSITORY, `${REPOSITORY}2`]);
    expect(text).toContain("<EvalDecisionDetails></EvalDecisionDetails>");
    expect(one("ResourceSpecificResults")).toContain("<SourcePolicyId>PolicyInputList.1</SourcePolicyId>");
    expect(one("ResourceSpecificResults")).not.toContain("EvalDecisionDetails");
  });

  test("names a single resource for the action too, and none where all are meant", async () => {
    const single = await custom(allow(["ecr:*"]), { "ResourceArns.member.1": REPOSITORY });
    expect(single.all("EvalResourceName")).toEqual([REPOSITORY, REPOSITORY]);
    expect(single.all("EvalResourceDecision")).toEqual(["allowed"]);
    for (const more of [{}, { "ResourceArns.member.1": "*" }]) {
      const every = await custom(allow(["ecr:*"]), more);
      expect(every.all("EvalResourceName")).toEqual(["*"]);
      expect(every.text).not.toMatch(/ResourceSpecificResults|EvalDecisionDetails/);
    }
  });

  test("says with which resource a context key is missing", async () => {
    const condition = { Condition: { StringLike: { "aws:username": "*" } } };
    const answer = await custom(allow(["ecr:*"], "*", condition), RESOURCES);
    const member = "<member>aws:username</member>";
    expect(answer.all("MissingContextValues")).toEqual(["", member, member]);
  });

  test("names the statement that denies alone", async () => {
    const policy = JSON.stringify({
      Version: "2012-10-17",
      Statement: [
        { Effect: "Allow", Action: "ecr:*", Resource: "*" },
        { Effect: "Deny", Action: "ecr:PutImage", Resource: `${REPOSITORY}2` },
      ],
    });
    const { all, one } = await custom(policy, RESOURCES);
    expect([one("EvalDecision"), all("EvalResourceDecision")]).toEqual([
      "explicitDeny",
      ["allowed", "explicitDeny"],
    ]);
    // The Deny for the action, the Allow for one resource, the Deny for the other.
    const begins = all("StartPosition").map((position) => /<Column>(\d+)/.exec(position)?.[1]);
    expect(begins).toHaveLength(3);
    expect(begins[0]).toBe(begins[2]);
    expect(begins[0]).not.toBe(begins[1]);
  });

  describe("across accounts says what either side decides:", () => {
    const shared = (effect: "Allow" | "Deny", action: string): string =>
      JSON.stringify({
        ...{ Version: "2012-10-17" },
        Statement: [{ Effect: effect, Principal: { AWS: userArn("ghost", OTHER) }, Action: action }],
      });
    const across = (policy: string, resourcePolicy: string, more: Parameters = {}) =>
      custom(policy, {
        ...{ CallerArn: userArn("ghost", OTHER), ResourcePolicy: resourcePolicy },
        ...{ "ResourceArns.member.1": REPOSITORY, ...more },
      });
    const detailsIn = (text: string): readonly Readonly<Record<string, string>>[] =>
      [...text.matchAll(/<EvalDecisionDetails>(.*?)<\/EvalDecisionDetails>/gs)].map(([, content = ""]) =>
        Object.fromEntries(
          [...content.matchAll(/<key>(.*?)<\/key><value>(.*?)<\/value>/g)].map(([, key, value]) => [
            key,
            value,
          ]),
        ),
      );

    test.each([
      ["both allow", allow(["ecr:*"]), shared("Allow", "ecr:*"), "allowed", "allowed"],
      ["the resource does not", allow(["ecr:*"]), shared("Allow", "ecr:Get*"), "allowed", "implicitDeny"],
      ["the resource denies", allow(["ecr:*"]), shared("Deny", "ecr:*"), "allowed", "explicitDeny"],
      ["the caller may not", allow(["s3:*"]), shared("Allow", "ecr:*"), "implicitDeny", "allowed"],
      [
        "the caller is denied",
        allow(["ecr:*"]).replace('"Allow"', '"Deny"'),
        ...([shared("Allow", "ecr:*"), "explicitDeny", "allowed"] as const),
      ],
    ])("%s", async (_, policy, resourcePolicy, IAM, Resource) => {
      const { text } = await across(policy, resourcePolicy);
      // Of the action, and of its one resource.
      expect(detailsIn(text)).toEqual([
        { IAM, Resource },
        { IAM, Resource },
      ]);
    });

    test("a boundary is the caller's side", async () => {
      const boundary = { "PermissionsBoundaryPolicyInputList.member.1": allow(["s3:*"]) };
      const { text } = await across(allow(["ecr:*"]), shared("Allow", "ecr:*"), boundary);
      expect(detailsIn(text)[0]).toEqual({ IAM: "implicitDeny", Resource: "allowed" });
    });

    test("and nothing where an organization denies", async () => {
      const scp = {
        "OrderedOrganizationPolicyInputList.member.1.ServiceControlPolicyInputList.member.1": allow(["s3:*"]),
      };
      const { text } = await across(allow(["ecr:*"]), shared("Allow", "ecr:*"), scp);
      expect(text).not.toContain("EvalDecisionDetails");
    });
  });

  test("judges every action, page by page", async () => {
    const more: Parameters = {
      ...{ "ActionNames.member.2": "ecr:GetImage", "ActionNames.member.3": "ecr:PutIt", ...RESOURCES },
    };
    const policy = allow(["ecr:Put*"], `${REPOSITORY}*`);
    const first = await custom(policy, { ...more, MaxItems: 2 });
    expect([first.all("EvalDecision"), first.one("IsTruncated")]).toEqual([
      ["allowed", "implicitDeny"],
      "true",
    ]);
    expect(first.all("EvalResourceDecision")).toHaveLength(4);
    const rest = await custom(policy, { ...more, MaxItems: 2, Marker: first.one("Marker") });
    expect([rest.all("EvalActionName"), rest.all("EvalDecision"), rest.one("IsTruncated")]).toEqual([
      ...[["ecr:PutIt"], ["allowed"], "false"],
    ]);
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
    expect([allowed.one("EvalDecision"), allowed.one("SourcePolicyId")]).toEqual([
      ...["allowed", "group_pushers_push"],
    ]);
    expect([
      allowed.one("SourcePolicyType"),
      allowed.one("StartPosition"),
      allowed.one("EndPosition"),
    ]).toEqual([
      "IAM Policy",
      "<Column>38</Column><Line>1</Line>",
      expect.stringMatching(/^<Column>1\d\d<\/Column><Line>1<\/Line>$/),
    ]);
    await iam("AttachUserPolicy", {
      UserName: "subject",
      PolicyArn: "arn:aws:iam::aws:policy/AdministratorAccess",
    });
    const ids = (await simulate("subject")).all("SourcePolicyId");
    expect(ids.toSorted()).toEqual(["AdministratorAccess", "group_pushers_push"]);
    await iam("DetachUserPolicy", {
      UserName: "subject",
      PolicyArn: "arn:aws:iam::aws:policy/AdministratorAccess",
    });
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
