import type { StsPorts } from "../../../../iam/sessions/ports.ts";
import { holdsSessionToken } from "../../../../iam/sessions/session-token.ts";
import { AwsError } from "../../aws-error.ts";
import type { StsHandler } from "../../call.ts";
import { identityOf } from "../../iam/caller.ts";

/** The account of any key, lasting or temporary, whosever it is. */
export function getAccessKeyInfo({ sessions }: Pick<StsPorts, "sessions">): StsHandler<"GetAccessKeyInfo"> {
  return async (call, input) => {
    if (holdsSessionToken(identityOf(call))) {
      throw new AwsError("AccessDeniedException", "Cannot call GetAccessKeyInfo with session credentials");
    }
    await call.authorize("*");
    const account = await sessions.accountOfKey(input.AccessKeyId);
    if (account === undefined) {
      throw new AwsError("ValidationError", `The access key ${input.AccessKeyId} does not exist.`);
    }
    return { Account: account };
  };
}
