export { assumeRole as AssumeRole } from "./assume-role.ts";
export { assumeRoleWithWebIdentity as AssumeRoleWithWebIdentity } from "./assume-role-with-web-identity.ts";
export { getAccessKeyInfo as GetAccessKeyInfo } from "./get-access-key-info.ts";
export { getCallerIdentity as GetCallerIdentity } from "./get-caller-identity.ts";
export { getFederationToken as GetFederationToken } from "./get-federation-token.ts";
export { getSessionToken as GetSessionToken } from "./get-session-token.ts";
