import type { Identity } from "../../../iam/principals/identity.ts";
import { AwsError } from "../aws-error.ts";
import type { AwsCall } from "../call.ts";
import { ROOT_NAME } from "./present.ts";

/** Who calls, with what IAM knows about it: the credential store gives such principals. */
export function identityOf({ principal }: AwsCall): Identity {
  return principal;
}

/**
 * The user that an operation is about when its input names none: the caller. Undefined for the root.
 * @throws AwsError ValidationError for a session, which is no user
 */
export function ownUserName(call: AwsCall, given: string | undefined): string | undefined {
  if (given !== undefined) return given;
  const identity = identityOf(call);
  if (identity.kind === "session") {
    throw new AwsError("ValidationError", "Must specify userName when calling with non-User credentials");
  }
  return identity.kind === "user" ? identity.name : undefined;
}

/** Whose MFA devices an operation is about. Two of the operations need a name: the root gives its own. */
export function mfaUserName(call: AwsCall, given: string | undefined): string | undefined {
  const isOwn = identityOf(call).kind === "root" && given === ROOT_NAME;
  return ownUserName(call, isOwn ? undefined : given);
}
