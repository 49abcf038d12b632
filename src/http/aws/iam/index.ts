import type { ServiceHandlers } from "../call.ts";
import { addClientIDToOpenIDConnectProvider } from "./operations/add-client-id-to-open-id-connect-provider.ts";
import { addUserToGroup } from "./operations/add-user-to-group.ts";
import { attachGroupPolicy } from "./operations/attach-group-policy.ts";
import { attachRolePolicy } from "./operations/attach-role-policy.ts";
import { attachUserPolicy } from "./operations/attach-user-policy.ts";
import { createAccessKey } from "./operations/create-access-key.ts";
import { createAccountAlias } from "./operations/create-account-alias.ts";
import { createGroup } from "./operations/create-group.ts";
import { createOpenIDConnectProvider } from "./operations/create-open-id-connect-provider.ts";
import { createPolicy } from "./operations/create-policy.ts";
import { createPolicyVersion } from "./operations/create-policy-version.ts";
import { createRole } from "./operations/create-role.ts";
import { createUser } from "./operations/create-user.ts";
import { createVirtualMFADevice } from "./operations/create-virtual-mfa-device.ts";
import { deactivateMFADevice } from "./operations/deactivate-mfa-device.ts";
import { deleteAccessKey } from "./operations/delete-access-key.ts";
import { deleteAccountAlias } from "./operations/delete-account-alias.ts";
import { deleteGroup } from "./operations/delete-group.ts";
import { deleteGroupPolicy } from "./operations/delete-group-policy.ts";
import { deleteOpenIDConnectProvider } from "./operations/delete-open-id-connect-provider.ts";
import { deletePolicy } from "./operations/delete-policy.ts";
import { deletePolicyVersion } from "./operations/delete-policy-version.ts";
import { deleteRole } from "./operations/delete-role.ts";
import { deleteRolePermissionsBoundary } from "./operations/delete-role-permissions-boundary.ts";
import { deleteRolePolicy } from "./operations/delete-role-policy.ts";
import { deleteUser } from "./operations/delete-user.ts";
import { deleteUserPermissionsBoundary } from "./operations/delete-user-permissions-boundary.ts";
import { deleteUserPolicy } from "./operations/delete-user-policy.ts";
import { deleteVirtualMFADevice } from "./operations/delete-virtual-mfa-device.ts";
import { detachGroupPolicy } from "./operations/detach-group-policy.ts";
import { detachRolePolicy } from "./operations/detach-role-policy.ts";
import { detachUserPolicy } from "./operations/detach-user-policy.ts";
import { enableMFADevice } from "./operations/enable-mfa-device.ts";
import { getAccessKeyLastUsed } from "./operations/get-access-key-last-used.ts";
import { getAccountSummary } from "./operations/get-account-summary.ts";
import { getContextKeysForCustomPolicy } from "./operations/get-context-keys-for-custom-policy.ts";
import { getContextKeysForPrincipalPolicy } from "./operations/get-context-keys-for-principal-policy.ts";
import { getGroup } from "./operations/get-group.ts";
import { getGroupPolicy } from "./operations/get-group-policy.ts";
import { getMFADevice } from "./operations/get-mfa-device.ts";
import { getOpenIDConnectProvider } from "./operations/get-open-id-connect-provider.ts";
import { getPolicy } from "./operations/get-policy.ts";
import { getPolicyVersion } from "./operations/get-policy-version.ts";
import { getRole } from "./operations/get-role.ts";
import { getRolePolicy } from "./operations/get-role-policy.ts";
import { getUser } from "./operations/get-user.ts";
import { getUserPolicy } from "./operations/get-user-policy.ts";
import { listAccessKeys } from "./operations/list-access-keys.ts";
import { listAccountAliases } from "./operations/list-account-aliases.ts";
import { listAttachedGroupPolicies } from "./operations/list-attached-group-policies.ts";
import { listAttachedRolePolicies } from "./operations/list-attached-role-policies.ts";
import { listAttachedUserPolicies } from "./operations/list-attached-user-policies.ts";
import { listEntitiesForPolicy } from "./operations/list-entities-for-policy.ts";
import { listGroupPolicies } from "./operations/list-group-policies.ts";
import { listGroups } from "./operations/list-groups.ts";
import { listGroupsForUser } from "./operations/list-groups-for-user.ts";
import { listMFADeviceTags } from "./operations/list-mfa-device-tags.ts";
import { listMFADevices } from "./operations/list-mfa-devices.ts";
import { listOpenIDConnectProviders } from "./operations/list-open-id-connect-providers.ts";
import { listPolicies } from "./operations/list-policies.ts";
import { listPolicyVersions } from "./operations/list-policy-versions.ts";
import { listRolePolicies } from "./operations/list-role-policies.ts";
import { listRoleTags } from "./operations/list-role-tags.ts";
import { listRoles } from "./operations/list-roles.ts";
import { listUserPolicies } from "./operations/list-user-policies.ts";
import { listUserTags } from "./operations/list-user-tags.ts";
import { listUsers } from "./operations/list-users.ts";
import { listVirtualMFADevices } from "./operations/list-virtual-mfa-devices.ts";
import { putGroupPolicy } from "./operations/put-group-policy.ts";
import { putRolePermissionsBoundary } from "./operations/put-role-permissions-boundary.ts";
import { putRolePolicy } from "./operations/put-role-policy.ts";
import { putUserPermissionsBoundary } from "./operations/put-user-permissions-boundary.ts";
import { putUserPolicy } from "./operations/put-user-policy.ts";
import { removeClientIDFromOpenIDConnectProvider } from "./operations/remove-client-id-from-open-id-connect-provider.ts";
import { removeUserFromGroup } from "./operations/remove-user-from-group.ts";
import { resyncMFADevice } from "./operations/resync-mfa-device.ts";
import { setDefaultPolicyVersion } from "./operations/set-default-policy-version.ts";
import { simulateCustomPolicy } from "./operations/simulate-custom-policy.ts";
import { simulatePrincipalPolicy } from "./operations/simulate-principal-policy.ts";
import { tagMFADevice } from "./operations/tag-mfa-device.ts";
import { tagRole } from "./operations/tag-role.ts";
import { tagUser } from "./operations/tag-user.ts";
import { untagMFADevice } from "./operations/untag-mfa-device.ts";
import { untagRole } from "./operations/untag-role.ts";
import { untagUser } from "./operations/untag-user.ts";
import { updateAccessKey } from "./operations/update-access-key.ts";
import { updateAssumeRolePolicy } from "./operations/update-assume-role-policy.ts";
import { updateGroup } from "./operations/update-group.ts";
import { updateOpenIDConnectProviderThumbprint } from "./operations/update-open-id-connect-provider-thumbprint.ts";
import { updateRole } from "./operations/update-role.ts";
import { updateRoleDescription } from "./operations/update-role-description.ts";
import { updateUser } from "./operations/update-user.ts";
import type { IamPorts } from "./ports.ts";
import { refusing } from "./refusals.ts";

/** The operations of IAM. */
export function iamHandlers(ports: IamPorts): ServiceHandlers<"iam"> {
  return refusing<ServiceHandlers<"iam">>({
    AddClientIDToOpenIDConnectProvider: addClientIDToOpenIDConnectProvider(ports),
    AddUserToGroup: addUserToGroup(ports),
    AttachGroupPolicy: attachGroupPolicy(ports),
    AttachRolePolicy: attachRolePolicy(ports),
    AttachUserPolicy: attachUserPolicy(ports),
    CreateAccessKey: createAccessKey(ports),
    CreateAccountAlias: createAccountAlias(ports),
    CreateGroup: createGroup(ports),
    CreateOpenIDConnectProvider: createOpenIDConnectProvider(ports),
    CreatePolicy: createPolicy(ports),
    CreatePolicyVersion: createPolicyVersion(ports),
    CreateRole: createRole(ports),
    CreateUser: createUser(ports),
    CreateVirtualMFADevice: createVirtualMFADevice(ports),
    DeactivateMFADevice: deactivateMFADevice(ports),
    DeleteAccessKey: deleteAccessKey(ports),
    DeleteAccountAlias: deleteAccountAlias(ports),
    DeleteGroup: deleteGroup(ports),
    DeleteGroupPolicy: deleteGroupPolicy(ports),
    DeleteOpenIDConnectProvider: deleteOpenIDConnectProvider(ports),
    DeletePolicy: deletePolicy(ports),
    DeletePolicyVersion: deletePolicyVersion(ports),
    DeleteRole: deleteRole(ports),
    DeleteRolePermissionsBoundary: deleteRolePermissionsBoundary(ports),
    DeleteRolePolicy: deleteRolePolicy(ports),
    DeleteUser: deleteUser(ports),
    DeleteUserPermissionsBoundary: deleteUserPermissionsBoundary(ports),
    DeleteUserPolicy: deleteUserPolicy(ports),
    DeleteVirtualMFADevice: deleteVirtualMFADevice(ports),
    DetachGroupPolicy: detachGroupPolicy(ports),
    DetachRolePolicy: detachRolePolicy(ports),
    DetachUserPolicy: detachUserPolicy(ports),
    EnableMFADevice: enableMFADevice(ports),
    GetAccessKeyLastUsed: getAccessKeyLastUsed(ports),
    GetAccountSummary: getAccountSummary(ports),
    GetContextKeysForCustomPolicy: getContextKeysForCustomPolicy(ports),
    GetContextKeysForPrincipalPolicy: getContextKeysForPrincipalPolicy(ports),
    GetGroup: getGroup(ports),
    GetGroupPolicy: getGroupPolicy(ports),
    GetMFADevice: getMFADevice(ports),
    GetOpenIDConnectProvider: getOpenIDConnectProvider(ports),
    GetPolicy: getPolicy(ports),
    GetPolicyVersion: getPolicyVersion(ports),
    GetRole: getRole(ports),
    GetRolePolicy: getRolePolicy(ports),
    GetUser: getUser(ports),
    GetUserPolicy: getUserPolicy(ports),
    ListAccessKeys: listAccessKeys(ports),
    ListAccountAliases: listAccountAliases(ports),
    ListAttachedGroupPolicies: listAttachedGroupPolicies(ports),
    ListAttachedRolePolicies: listAttachedRolePolicies(ports),
    ListAttachedUserPolicies: listAttachedUserPolicies(ports),
    ListEntitiesForPolicy: listEntitiesForPolicy(ports),
    ListGroupPolicies: listGroupPolicies(ports),
    ListGroups: listGroups(ports),
    ListGroupsForUser: listGroupsForUser(ports),
    ListMFADeviceTags: listMFADeviceTags(ports),
    ListMFADevices: listMFADevices(ports),
    ListOpenIDConnectProviders: listOpenIDConnectProviders(ports),
    ListPolicies: listPolicies(ports),
    ListPolicyVersions: listPolicyVersions(ports),
    ListRolePolicies: listRolePolicies(ports),
    ListRoleTags: listRoleTags(ports),
    ListRoles: listRoles(ports),
    ListUserPolicies: listUserPolicies(ports),
    ListUserTags: listUserTags(ports),
    ListUsers: listUsers(ports),
    ListVirtualMFADevices: listVirtualMFADevices(ports),
    PutGroupPolicy: putGroupPolicy(ports),
    PutRolePermissionsBoundary: putRolePermissionsBoundary(ports),
    PutRolePolicy: putRolePolicy(ports),
    PutUserPermissionsBoundary: putUserPermissionsBoundary(ports),
    PutUserPolicy: putUserPolicy(ports),
    RemoveClientIDFromOpenIDConnectProvider: removeClientIDFromOpenIDConnectProvider(ports),
    RemoveUserFromGroup: removeUserFromGroup(ports),
    ResyncMFADevice: resyncMFADevice(ports),
    SetDefaultPolicyVersion: setDefaultPolicyVersion(ports),
    SimulateCustomPolicy: simulateCustomPolicy(ports),
    SimulatePrincipalPolicy: simulatePrincipalPolicy(ports),
    TagMFADevice: tagMFADevice(ports),
    TagRole: tagRole(ports),
    TagUser: tagUser(ports),
    UntagMFADevice: untagMFADevice(ports),
    UntagRole: untagRole(ports),
    UntagUser: untagUser(ports),
    UpdateAccessKey: updateAccessKey(ports),
    UpdateAssumeRolePolicy: updateAssumeRolePolicy(ports),
    UpdateGroup: updateGroup(ports),
    UpdateOpenIDConnectProviderThumbprint: updateOpenIDConnectProviderThumbprint(ports),
    UpdateRole: updateRole(ports),
    UpdateRoleDescription: updateRoleDescription(ports),
    UpdateUser: updateUser(ports),
  });
}
