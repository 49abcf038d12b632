import type { AssumedRoleUser, Credentials } from "../../../aws-models/sts.types.ts";
import type { SecondFactor } from "../../../iam/mfa/prove.ts";
import type { AssumedRole } from "../../../iam/sessions/assume-role.ts";
import type { TemporaryCredentials } from "../../../iam/sessions/issue.ts";

export function presentCredentials(credentials: TemporaryCredentials): Credentials {
  return {
    ...{ AccessKeyId: credentials.accessKeyId, SecretAccessKey: credentials.secretAccessKey },
    ...{ SessionToken: credentials.sessionToken, Expiration: credentials.expiresAt },
  };
}

/** What both ways to assume a role answer. */
export function presentAssumedRole({ arn, id, credentials, packedSize, sourceIdentity }: AssumedRole): {
  readonly Credentials: Credentials;
  readonly AssumedRoleUser: AssumedRoleUser;
  readonly PackedPolicySize?: number;
  readonly SourceIdentity?: string;
} {
  return {
    Credentials: presentCredentials(credentials),
    AssumedRoleUser: { AssumedRoleId: id, Arn: arn },
    ...(packedSize === 0 ? {} : { PackedPolicySize: packedSize }),
    ...(sourceIdentity === undefined ? {} : { SourceIdentity: sourceIdentity }),
  };
}

/** ARNs of the managed policies that narrow a session. */
export function policyArnsOf(
  descriptors: readonly { readonly arn?: string | undefined }[] | undefined,
): readonly string[] {
  return (descriptors ?? []).flatMap(({ arn }) => (arn === undefined ? [] : [arn]));
}

/** The MFA device and its code, of the two operations that take one. */
export function secondFactorOf(input: {
  readonly SerialNumber?: string | undefined;
  readonly TokenCode?: string | undefined;
}): SecondFactor {
  return { serialNumber: input.SerialNumber, code: input.TokenCode };
}
