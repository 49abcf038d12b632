import type { EntityKind } from "./entity.ts";

/** IAM's default quotas ("IAM and AWS STS quotas"). */
export const LIMITS = {
  users: 5000,
  groups: 300,
  roles: 1000,
  policies: 1500,
  policyVersions: 5,
  policySize: 6144,
  trustPolicySize: 2048,
  inlineSize: { user: 2048, group: 5120, role: 10_240 },
  attachments: 10,
  groupsPerUser: 10,
  accessKeysPerUser: 2,
  mfaDevicesPerUser: 8,
  /** "Virtual MFA devices (assigned or unassigned) in an AWS account: equal to the user quota". */
  mfaDevices: 5000,
  tags: 50,
  instanceProfiles: 1000,
  rolesPerInstanceProfile: 1,
  oidcProviders: 100,
  clientIds: 100,
  thumbprints: 5,
} as const;

/** How many of a kind an account may have, and what AWS calls that quota. */
export const ENTITY_QUOTAS: Readonly<Record<EntityKind, { readonly name: string; readonly limit: number }>> =
  {
    user: { name: "UsersPerAccount", limit: LIMITS.users },
    group: { name: "GroupsPerAccount", limit: LIMITS.groups },
    role: { name: "RolesPerAccount", limit: LIMITS.roles },
  };
