import { LIMITS } from "../../../../iam/principals/limits.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOn } from "../authorize.ts";
import type { IamPorts } from "../ports.ts";

export function getAccountSummary(ports: Pick<IamPorts, "identity">): IamHandler<"GetAccountSummary"> {
  return async (call) => {
    await authorizeOn(call, "*");
    const counts = await ports.identity.reader(call.account).countAll();
    return {
      SummaryMap: {
        ...{
          Users: counts.users,
          UsersQuota: LIMITS.users,
          Groups: counts.groups,
          GroupsQuota: LIMITS.groups,
        },
        ...{ Roles: counts.roles, RolesQuota: LIMITS.roles, Policies: counts.policies },
        ...{ PoliciesQuota: LIMITS.policies, PolicySizeQuota: LIMITS.policySize },
        ...{ PolicyVersionsInUse: counts.policyVersions, PolicyVersionsInUseQuota: POLICY_VERSIONS_QUOTA },
        ...{
          VersionsPerPolicyQuota: LIMITS.policyVersions,
          AssumeRolePolicySizeQuota: LIMITS.trustPolicySize,
        },
        UserPolicySizeQuota: LIMITS.inlineSize.user,
        GroupPolicySizeQuota: LIMITS.inlineSize.group,
        RolePolicySizeQuota: LIMITS.inlineSize.role,
        ...{
          AttachedPoliciesPerUserQuota: LIMITS.attachments,
          AttachedPoliciesPerGroupQuota: LIMITS.attachments,
        },
        ...{ AttachedPoliciesPerRoleQuota: LIMITS.attachments, GroupsPerUserQuota: LIMITS.groupsPerUser },
        ...{ AccessKeysPerUserQuota: LIMITS.accessKeysPerUser, Providers: counts.oidcProviders },
        ...{ InstanceProfiles: counts.instanceProfiles, InstanceProfilesQuota: LIMITS.instanceProfiles },
        ...{ MFADevices: counts.mfaDevices, MFADevicesInUse: counts.mfaDevicesInUse },
        AccountAccessKeysPresent: counts.rootAccessKeys > 0 ? 1 : 0,
        AccountMFAEnabled: counts.rootMfaDevices > 0 ? 1 : 0,
        ...NOT_HERE,
      },
    };
  };
}

const POLICY_VERSIONS_QUOTA = LIMITS.policies * LIMITS.policyVersions;

/** What AWS counts and Berth does not have. */
const NOT_HERE = {
  AccountPasswordPresent: 0,
  ...{ ServerCertificates: 0, ServerCertificatesQuota: 0 },
  ...{
    AccountSigningCertificatesPresent: 0,
    SigningCertificatesPerUserQuota: 0,
    GlobalEndpointTokenVersion: 2,
  },
};
