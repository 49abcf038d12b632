import type { StsPorts } from "../../../iam/sessions/ports.ts";
import type { ServiceHandlers } from "../call.ts";
import { refusing } from "../iam/refusals.ts";
import { assumeRole } from "./operations/assume-role.ts";
import { assumeRoleWithWebIdentity } from "./operations/assume-role-with-web-identity.ts";
import { getAccessKeyInfo } from "./operations/get-access-key-info.ts";
import { getCallerIdentity } from "./operations/get-caller-identity.ts";
import { getSessionToken } from "./operations/get-session-token.ts";

/** The operations of STS. */
export function stsHandlers(ports: StsPorts): ServiceHandlers<"sts"> {
  return refusing<ServiceHandlers<"sts">>({
    AssumeRole: assumeRole(ports),
    AssumeRoleWithWebIdentity: assumeRoleWithWebIdentity(ports),
    GetAccessKeyInfo: getAccessKeyInfo(ports),
    GetCallerIdentity: getCallerIdentity(),
    GetSessionToken: getSessionToken(ports),
  });
}
