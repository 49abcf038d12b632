import type * as Wire from "../../../aws-models/iam.types.ts";
import { iamArn, instanceProfileArn, rootArn } from "../../../iam/principals/arns.ts";
import type { Group, Role, Tags, User } from "../../../iam/principals/entity.ts";
import {
  type ManagedPolicy,
  type PolicyVersion,
  versionName,
} from "../../../iam/principals/managed-policy.ts";
import type {
  AccessKeyFacts,
  EnabledMfaDevice,
  InstanceProfile,
  MfaDevice,
} from "../../../iam/principals/ports/index.ts";
import { tagList } from "../../../iam/principals/tags.ts";

/** Tags of what an answer shows: the member is left out where there are none. */
export function presentTags(tags: Tags): { readonly Tags?: readonly Wire.Tag[] } {
  return Object.keys(tags).length === 0 ? {} : { Tags: tagList(tags) };
}

/** A user as lists show it: without tags and boundary. */
export function presentListedUser(user: User): Wire.User {
  return {
    ...{ Path: user.path, UserName: user.name, UserId: user.uniqueId },
    ...{ Arn: iamArn(user), CreateDate: user.createdAt },
  };
}

export function presentUser(user: User): Wire.User {
  return { ...presentListedUser(user), ...boundaryOf(user.boundary), ...presentTags(user.tags) };
}

export function presentGroup(group: Group): Wire.Group {
  return {
    ...{ Path: group.path, GroupName: group.name, GroupId: group.uniqueId },
    ...{ Arn: iamArn(group), CreateDate: group.createdAt },
  };
}

/** A role as lists show it. */
export function presentListedRole(role: Role): Wire.Role {
  return {
    ...{ Path: role.path, RoleName: role.name, RoleId: role.uniqueId },
    ...{ Arn: iamArn(role), CreateDate: role.createdAt },
    AssumeRolePolicyDocument: encodeDocument(role.trustPolicy),
    Description: role.description,
    MaxSessionDuration: role.maxSessionDuration,
  };
}

export function presentRole(role: Role): Wire.Role {
  const { lastUsed } = role;
  return {
    ...presentListedRole(role),
    ...boundaryOf(role.boundary),
    ...presentTags(role.tags),
    RoleLastUsed: lastUsed === undefined ? {} : { LastUsedDate: lastUsed.at, Region: lastUsed.region },
  };
}

/** An instance profile as lists show it: without tags. */
export function presentListedInstanceProfile(profile: InstanceProfile): Wire.InstanceProfile {
  const { path, name, uniqueId, createdAt, role } = profile;
  return {
    ...{ Path: path, InstanceProfileName: name, InstanceProfileId: uniqueId },
    ...{ Arn: instanceProfileArn(profile), CreateDate: createdAt },
    Roles: role === undefined ? [] : [presentListedRole(role)],
  };
}

export function presentInstanceProfile(profile: InstanceProfile): Wire.InstanceProfile {
  return { ...presentListedInstanceProfile(profile), ...presentTags(profile.tags) };
}

/** A policy as lists show it: without description and tags. */
export function presentListedPolicy(policy: ManagedPolicy): Wire.Policy {
  return {
    ...{ PolicyName: policy.name, PolicyId: policy.uniqueId, Arn: policy.arn, Path: policy.path },
    ...{ DefaultVersionId: versionName(policy.defaultVersion), AttachmentCount: policy.attachments },
    ...{ PermissionsBoundaryUsageCount: policy.boundaries, IsAttachable: true },
    ...{ CreateDate: policy.createdAt, UpdateDate: policy.updatedAt },
  };
}

export function presentPolicy(policy: ManagedPolicy): Wire.Policy {
  return { ...presentListedPolicy(policy), Description: policy.description, ...presentTags(policy.tags) };
}

/** A version as lists show it: without its document. */
export function presentListedVersion(version: PolicyVersion): Wire.PolicyVersion {
  return {
    VersionId: versionName(version.version),
    IsDefaultVersion: version.isDefault,
    CreateDate: version.createdAt,
  };
}

export function presentVersion(version: PolicyVersion): Wire.PolicyVersion {
  return { ...presentListedVersion(version), Document: encodeDocument(version.document) };
}

export function presentAttached(arns: readonly string[]): readonly Wire.AttachedPolicy[] {
  return arns.map((arn) => ({ PolicyArn: arn, PolicyName: arn.slice(arn.lastIndexOf("/") + 1) }));
}

/** What a key of the root is listed under. */
export const ROOT_NAME = "root";

/** The root is no user, but asked who it is it answers like one. */
export function presentRoot(account: string): Wire.User {
  return { Path: "/", UserName: ROOT_NAME, UserId: account, Arn: rootArn(account), CreateDate: new Date(0) };
}

/** A device as lists show it: without tags. */
export function presentListedMfaDevice(account: string, device: MfaDevice): Wire.VirtualMFADevice {
  const { serialNumber, enabled } = device;
  if (enabled === undefined) return { SerialNumber: serialNumber };
  const { owner, at } = enabled;
  const user = owner === "root" ? presentRoot(account) : presentListedUser(owner);
  return { SerialNumber: serialNumber, User: user, EnableDate: at };
}

export function presentMfaDevice({ serialNumber, enabled }: EnabledMfaDevice): Wire.MFADevice {
  const name = enabled.owner === "root" ? ROOT_NAME : enabled.owner.name;
  return { UserName: name, SerialNumber: serialNumber, EnableDate: enabled.at };
}

export function presentKey(key: AccessKeyFacts): Wire.AccessKeyMetadata {
  return {
    ...{ UserName: key.userName ?? ROOT_NAME, AccessKeyId: key.id },
    ...{ Status: key.active ? "Active" : "Inactive", CreateDate: key.createdAt },
  };
}

/** "The returned policy is URL-encoded compliant with RFC 3986" (IAM, GetPolicyVersion). */
export function encodeDocument(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function boundaryOf(arn: string | undefined): Pick<Wire.User, "PermissionsBoundary"> {
  if (arn === undefined) return {};
  return {
    PermissionsBoundary: {
      PermissionsBoundaryType: "PermissionsBoundaryPolicy",
      PermissionsBoundaryArn: arn,
    },
  };
}
