import { userIdOf } from "../../../../iam/principals/identity.ts";
import type { StsHandler } from "../../call.ts";
import { identityOf } from "../../iam/caller.ts";

/** Needs no permission, and no policy can take it away: "the same information is returned when access is denied". */
export function getCallerIdentity(): StsHandler<"GetCallerIdentity"> {
  return async (call) => {
    const identity = identityOf(call);
    return { UserId: userIdOf(identity), Account: identity.account, Arn: identity.arn };
  };
}
