import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ACCOUNT, allow, type IamServer, type Parameters, startIamServer, trust } from "./iam-server.ts";

/** What Terraform's resources call, in their order: made, read back, changed in each argument, destroyed, and all again. */
let server: IamServer;
beforeAll(async () => {
  server = await startIamServer();
});
afterAll(() => server.close());

/** A call that must succeed. */
async function iam(action: string, parameters: Parameters = {}) {
  const answer = await server.call("iam", action, parameters);
  expect(answer.status, `${action}: ${answer.text}`).toBe(200);
  return answer;
}

async function gone(action: string, parameters: Parameters): Promise<void> {
  const answer = await server.call("iam", action, parameters);
  expect([answer.status, answer.one("Code")], action).toEqual([404, "NoSuchEntity"]);
}

type Reads = readonly (readonly [string, Parameters])[];

/** What a plan reads, which is the same in the next one. */
async function settled(reads: Reads): Promise<string> {
  const once = async (): Promise<string> => {
    const answers = await Promise.all(reads.map(([action, parameters]) => iam(action, parameters)));
    return answers.map(({ text }) => text.replace(/<RequestId>.*<\/RequestId>/, "")).join("\n");
  };
  const first = await once();
  expect(await once()).toBe(first);
  return first;
}

const tags = (...pairs: readonly (readonly [string, string])[]): Parameters =>
  Object.fromEntries(
    pairs.flatMap(([key, value], at) => [
      [`Tags.member.${at + 1}.Key`, key],
      [`Tags.member.${at + 1}.Value`, value],
    ]),
  );
const shownTag = (key: string, value: string): string => `<Key>${key}</Key><Value>${value}</Value>`;
/** A document as answers have it. */
const encoded = (document: string): string => encodeURIComponent(document).replaceAll("*", "%2A");
const READ_ONLY = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly";

describe.each(["first", "second"])("for the %s time", () => {
  test("aws_iam_role", async () => {
    const it = { RoleName: "tf-role" };
    const inline = { ...it, PolicyName: "inline" };
    const reads: Reads = [
      ["GetRole", it],
      ["ListRolePolicies", it],
      ["GetRolePolicy", inline],
      ["ListAttachedRolePolicies", it],
    ];
    const trusted = trust({ Service: "ec2.amazonaws.com" });
    await iam("CreateRole", {
      ...{ ...it, AssumeRolePolicyDocument: trusted, MaxSessionDuration: 3600, Path: "/ci/" },
      ...{
        Description: "what for",
        PermissionsBoundary: READ_ONLY,
        ...tags(["team", "blue"], ["empty", ""]),
      },
    });
    await iam("PutRolePolicy", { ...inline, PolicyDocument: allow(["ecr:*"]) });
    await iam("AttachRolePolicy", { ...it, PolicyArn: READ_ONLY });
    const made = await settled(reads);
    for (const shown of [
      ...[`<Arn>arn:aws:iam::${ACCOUNT}:role/ci/tf-role</Arn>`, "<CreateDate>", "<Description>what for<"],
      ...["<MaxSessionDuration>3600<", encoded(trusted), encoded(allow(["ecr:*"]))],
      ...[`<PermissionsBoundaryArn>${READ_ONLY}<`, shownTag("team", "blue"), shownTag("empty", "")],
    ]) {
      expect(made).toContain(shown);
    }
    const others = trust({ Service: "ecs-tasks.amazonaws.com" });
    await iam("UntagRole", { ...it, "TagKeys.member.1": "team" });
    await iam("TagRole", { ...it, ...tags(["more", "1"]) });
    await iam("UpdateAssumeRolePolicy", { ...it, PolicyDocument: others });
    await iam("UpdateRole", { ...it, MaxSessionDuration: 7200 });
    expect(await settled(reads)).toContain("<Description>what for<");
    await iam("UpdateRoleDescription", { ...it, Description: "" });
    await iam("DeleteRolePermissionsBoundary", it);
    await iam("DeleteRolePolicy", inline);
    await iam("PutRolePolicy", { ...inline, PolicyDocument: allow(["ecr:Get*"]) });
    const changed = await settled(reads);
    for (const shown of [encoded(others), "<MaxSessionDuration>7200<", encoded(allow(["ecr:Get*"]))]) {
      expect(changed).toContain(shown);
    }
    for (const taken of ["what for", "PermissionsBoundary", shownTag("team", "blue"), encoded(trusted)]) {
      expect(changed).not.toContain(taken);
    }
    expect((await iam("ListInstanceProfilesForRole", it)).all("InstanceProfileName")).toEqual([]);
    await iam("DetachRolePolicy", { ...it, PolicyArn: READ_ONLY });
    await iam("DeleteRolePolicy", inline);
    await iam("DeleteRole", it);
    await gone("GetRole", it);
  });

  test("aws_iam_policy, of whose versions the oldest makes room", async () => {
    const document = (of: number): string => allow([`ecr:Get${of}*`]);
    const made = await iam("CreatePolicy", {
      ...{ PolicyName: "tf-policy", Path: "/", Description: "", PolicyDocument: document(1) },
      ...tags(["team", "blue"]),
    });
    const it = { PolicyArn: made.one("Arn") };
    const reads = async (): Promise<Reads> => [
      ["GetPolicy", it],
      ["GetPolicyVersion", { ...it, VersionId: (await iam("GetPolicy", it)).one("DefaultVersionId") }],
    ];
    expect(await settled(await reads())).toContain(shownTag("team", "blue"));
    for (const number of [2, 3, 4, 5, 6, 7]) {
      const versions = (await iam("ListPolicyVersions", it)).all("VersionId");
      const oldest = versions.at(-1) ?? "";
      if (versions.length === 5) await iam("DeletePolicyVersion", { ...it, VersionId: oldest });
      await iam("CreatePolicyVersion", { ...it, PolicyDocument: document(number), SetAsDefault: true });
      expect(await settled(await reads())).toContain(encoded(document(number)));
    }
    await iam("UntagPolicy", { ...it, "TagKeys.member.1": "team" });
    await iam("TagPolicy", { ...it, ...tags(["empty", ""]) });
    const changed = await settled(await reads());
    expect(changed).toContain(shownTag("empty", ""));
    expect(changed).not.toContain("blue");
    const current = (await iam("GetPolicy", it)).one("DefaultVersionId");
    for (const VersionId of (await iam("ListPolicyVersions", it)).all("VersionId")) {
      if (VersionId !== current) await iam("DeletePolicyVersion", { ...it, VersionId });
    }
    await iam("DeletePolicy", it);
    await gone("GetPolicy", it);
  });

  test("aws_iam_user with an access key", async () => {
    await iam("CreateUser", { UserName: "tf-user", Path: "/", ...tags(["team", "blue"]) });
    const key = await iam("CreateAccessKey", { UserName: "tf-user" });
    const AccessKeyId = key.one("AccessKeyId");
    expect((await iam("GetAccessKeyLastUsed", { AccessKeyId })).one("UserName")).toBe("tf-user");
    const it = { UserName: "tf-renamed" };
    await iam("UpdateUser", { UserName: "tf-user", NewUserName: it.UserName, NewPath: "/people/" });
    await iam("PutUserPermissionsBoundary", { ...it, PermissionsBoundary: READ_ONLY });
    await iam("UntagUser", { ...it, "TagKeys.member.1": "team" });
    await iam("TagUser", { ...it, ...tags(["more", ""]) });
    await iam("UpdateAccessKey", { ...it, AccessKeyId, Status: "Inactive" });
    const reads: Reads = [
      ["GetUser", it],
      ["ListAccessKeys", it],
    ];
    const changed = await settled(reads);
    for (const shown of ["user/people/tf-renamed<", READ_ONLY, shownTag("more", ""), "<Status>Inactive<"]) {
      expect(changed).toContain(shown);
    }
    await iam("DeleteUserPermissionsBoundary", it);
    expect(await settled(reads)).not.toContain("PermissionsBoundary");
    await iam("DeleteAccessKey", { ...it, AccessKeyId });
    expect((await iam("ListGroupsForUser", it)).all("GroupName")).toEqual([]);
    await iam("DeleteUser", it);
    await gone("GetUser", it);
  });

  test("aws_iam_openid_connect_provider", async () => {
    const thumbprints = (...all: readonly string[]): Parameters =>
      Object.fromEntries(all.map((each, at) => [`ThumbprintList.member.${at + 1}`, each.repeat(40)]));
    const made = await iam("CreateOpenIDConnectProvider", {
      ...{ Url: "https://token.actions.githubusercontent.com", "ClientIDList.member.1": "sts.amazonaws.com" },
      ...{ ...thumbprints("b", "a"), ...tags(["team", "blue"]) },
    });
    const it = { OpenIDConnectProviderArn: made.one("OpenIDConnectProviderArn") };
    const reads: Reads = [["GetOpenIDConnectProvider", it]];
    const first = await settled(reads);
    expect(first.indexOf("b".repeat(40))).toBeLessThan(first.indexOf("a".repeat(40)));
    expect(first).toContain("<Url>token.actions.githubusercontent.com<");
    await iam("UpdateOpenIDConnectProviderThumbprint", { ...it, ...thumbprints("c") });
    await iam("AddClientIDToOpenIDConnectProvider", { ...it, ClientID: "berth" });
    await iam("RemoveClientIDFromOpenIDConnectProvider", { ...it, ClientID: "sts.amazonaws.com" });
    await iam("UntagOpenIDConnectProvider", { ...it, "TagKeys.member.1": "team" });
    await iam("TagOpenIDConnectProvider", { ...it, ...tags(["empty", ""]) });
    const changed = await settled(reads);
    for (const shown of ["c".repeat(40), "<member>berth<", shownTag("empty", "")])
      expect(changed).toContain(shown);
    for (const taken of ["b".repeat(40), "sts.amazonaws.com", "blue"]) expect(changed).not.toContain(taken);
    await iam("DeleteOpenIDConnectProvider", it);
    await gone("GetOpenIDConnectProvider", it);
  });
});
