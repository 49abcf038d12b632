import { afterAll, beforeAll, expect, test } from "vitest";
import { ACCOUNT, allow, type IamServer, type Parameters, startIamServer, trust } from "./iam-server.ts";
import { mfaScene } from "./mfa-scene.ts";

/** What tools such as Terraform and Ansible call, in their order, to take things away with all that hangs on them. */
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

const READ_ONLY = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly";
const tag = { "Tags.member.1.Key": "team", "Tags.member.1.Value": "red" };

test("a role, with everything that it holds", async () => {
  const it = { RoleName: "node" };
  const trusted = trust({ Service: "ec2.amazonaws.com" });
  await iam("CreateRole", { ...it, AssumeRolePolicyDocument: trusted, MaxSessionDuration: 3600, ...tag });
  await iam("PutRolePolicy", { ...it, PolicyName: "inline", PolicyDocument: allow(["ecr:*"]) });
  await iam("AttachRolePolicy", { ...it, PolicyArn: READ_ONLY });
  const profile = { InstanceProfileName: "node" };
  await iam("CreateInstanceProfile", { ...profile, ...tag });
  await iam("AddRoleToInstanceProfile", { ...profile, ...it });
  expect((await iam("GetInstanceProfile", profile)).one("CreateDate")).not.toBe("");

  const profiles = (await iam("ListInstanceProfilesForRole", it)).all("InstanceProfileName");
  expect(profiles).toEqual(["node"]);
  for (const name of profiles)
    await iam("RemoveRoleFromInstanceProfile", { ...it, InstanceProfileName: name });
  for (const arn of (await iam("ListAttachedRolePolicies", it)).all("PolicyArn")) {
    await iam("DetachRolePolicy", { ...it, PolicyArn: arn });
  }
  for (const name of (await iam("ListRolePolicies", it)).all("member")) {
    await iam("DeleteRolePolicy", { ...it, PolicyName: name });
  }
  await iam("DeleteRole", it);
  await iam("DeleteInstanceProfile", profile);
  await gone("ListInstanceProfilesForRole", it);
  await gone("GetInstanceProfile", profile);
});

test("a user, by force", async () => {
  const it = { UserName: "leaver" };
  await iam("CreateUser", { ...it, ...tag });
  await iam("PutUserPolicy", { ...it, PolicyName: "inline", PolicyDocument: allow(["ecr:*"]) });
  await iam("AttachUserPolicy", { ...it, PolicyArn: READ_ONLY });
  await iam("CreateGroup", { GroupName: "team" });
  await iam("AddUserToGroup", { ...it, GroupName: "team" });
  await iam("CreateAccessKey", it);
  await mfaScene(server).giveDevice("leaver", "leaver");

  for (const name of (await iam("ListUserPolicies", it)).all("member")) {
    await iam("DeleteUserPolicy", { ...it, PolicyName: name });
  }
  for (const arn of (await iam("ListAttachedUserPolicies", it)).all("PolicyArn")) {
    await iam("DetachUserPolicy", { ...it, PolicyArn: arn });
  }
  for (const name of (await iam("ListGroupsForUser", it)).all("GroupName")) {
    await iam("RemoveUserFromGroup", { ...it, GroupName: name });
  }
  for (const id of (await iam("ListAccessKeys", it)).all("AccessKeyId")) {
    await iam("DeleteAccessKey", { ...it, AccessKeyId: id });
  }
  expect((await iam("ListSSHPublicKeys", it)).all("SSHPublicKeyId")).toEqual([]);
  const assigned = (await iam("ListVirtualMFADevices", { AssignmentStatus: "Assigned" })).all("SerialNumber");
  expect(assigned).toEqual([`arn:aws:iam::${ACCOUNT}:mfa/leaver`]);
  for (const serial of assigned) {
    await iam("DeactivateMFADevice", { ...it, SerialNumber: serial });
    await iam("DeleteVirtualMFADevice", { SerialNumber: serial });
  }
  expect((await iam("ListMFADevices", it)).all("SerialNumber")).toEqual([]);
  await gone("DeleteLoginProfile", it);
  expect((await iam("ListSigningCertificates", it)).all("CertificateId")).toEqual([]);
  expect((await iam("ListServiceSpecificCredentials", it)).all("ServiceSpecificCredentialId")).toEqual([]);
  await iam("DeleteUser", it);
  await gone("GetUser", it);
});

test("a policy, with its versions", async () => {
  const made = await iam("CreatePolicy", {
    ...{ PolicyName: "p", Description: "", PolicyDocument: allow(["ecr:*"]), ...tag },
  });
  const it = { PolicyArn: made.one("Arn") };
  await iam("UntagPolicy", { ...it, "TagKeys.member.1": "team" });
  await iam("TagPolicy", { ...it, "Tags.member.1.Key": "team", "Tags.member.1.Value": "" });
  const read = await iam("GetPolicy", it);
  expect([read.all("Key"), read.all("Value")]).toEqual([["team"], [""]]);
  await iam("CreatePolicyVersion", { ...it, PolicyDocument: allow(["ecr:Get*"]), SetAsDefault: true });
  const versions = await iam("ListPolicyVersions", it);
  for (const [index, id] of versions.all("VersionId").entries()) {
    if (versions.all("IsDefaultVersion")[index] === "false") {
      await iam("DeletePolicyVersion", { ...it, VersionId: id });
    }
  }
  await iam("DeletePolicy", it);
  await gone("GetPolicy", it);
});

test("an identity provider, twice", async () => {
  const made = await iam("CreateOpenIDConnectProvider", { Url: "https://gone.example", ...tag });
  const it = { OpenIDConnectProviderArn: made.one("OpenIDConnectProviderArn") };
  await iam("UntagOpenIDConnectProvider", { ...it, "TagKeys.member.1": "team" });
  await iam("TagOpenIDConnectProvider", { ...it, ...tag });
  expect((await iam("GetOpenIDConnectProvider", it)).all("Key")).toEqual(["team"]);
  await iam("DeleteOpenIDConnectProvider", it);
  await gone("GetOpenIDConnectProvider", it);
  await iam("DeleteOpenIDConnectProvider", it);
});
