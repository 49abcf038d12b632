import { deflateRawSync } from "node:zlib";
import { findPolicyByArn } from "../principals/aws-policies.ts";
import { requireSessionPolicy } from "../principals/documents.ts";
import type { Role, Tags } from "../principals/entity.ts";
import { IamError } from "../principals/errors.ts";
import type { StsPorts } from "./ports.ts";

/** What a caller asks a session to be narrowed to. */
export interface SessionPolicies {
  readonly policy: string | undefined;
  readonly policyArns: readonly string[];
}

/** Characters of session policies and ARNs together (STS: "The plaintext that you use … can't exceed 2,048"). */
const POLICY_MAX = 2048;
/** Bytes. */
const PACKED_MAX = POLICY_MAX;
const ARNS_MAX = 10;
/** Seconds. */
const DURATION = 3600;
const CHAINED_MAX = 3600;

/**
 * Reads the policies that narrow a session with these tags. Managed ones must exist in the role's account, or be AWS's.
 * @throws IamError
 */
export async function readSessionPolicies(
  ports: Pick<StsPorts, "identity" | "aws">,
  account: string,
  { policy, policyArns }: SessionPolicies,
  tags: Tags,
): Promise<SessionPolicies> {
  if (policyArns.length > ARNS_MAX) {
    throw new IamError(
      "ValidationError",
      `1 validation error detected: Value at 'policyArns' failed to satisfy constraint: Member must have length less than or equal to ${ARNS_MAX}`,
    );
  }
  const size = Math.max(plainSize({ policy, policyArns }), packedSize({ policy, policyArns }, tags));
  if (size > 100) {
    throw new IamError(
      "PackedPolicyTooLargeException",
      `Packed policy consumes ${size}% of allotted space, please use smaller policy.`,
    );
  }
  if (policy !== undefined) requireSessionPolicy(policy);
  const reader = ports.identity.reader(account);
  for (const arn of policyArns) {
    if ((await findPolicyByArn(reader, ports.aws, account, arn)) === undefined) {
      throw new IamError("ValidationError", `Policy ${arn} does not exist or is not attachable.`);
    }
  }
  return { policy, policyArns: [...new Set(policyArns)] };
}

/**
 * Per cent of what a session may carry: policies, ARNs and tags, compressed together (STS: "compresses … into a packed
 * binary format that has a separate limit"). AWS does not say what that limit is; ours is as many bytes as the plain text
 * of policies may have characters.
 */
export function packedSize({ policy, policyArns }: SessionPolicies, tags: Tags): number {
  const texts = [...(policy === undefined ? [] : [policy]), ...policyArns, ...Object.entries(tags).flat()];
  if (texts.length === 0) return 0;
  return Math.ceil((100 * deflateRawSync(texts.join("\n")).length) / PACKED_MAX);
}

/** Per cent of what the plain text of policies may have. */
function plainSize({ policy, policyArns }: SessionPolicies): number {
  const size = (policy?.length ?? 0) + policyArns.reduce((sum, arn) => sum + arn.length, 0);
  return Math.ceil((100 * size) / POLICY_MAX);
}

/** Seconds that a session of the role lasts. `chained`: the caller is itself a session of a role. */
export function sessionDuration(role: Role, wanted: number | undefined, chained: boolean): number {
  if (chained && wanted !== undefined && wanted > CHAINED_MAX) {
    throw new IamError(
      "ValidationError",
      "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
    );
  }
  const duration = wanted ?? Math.min(DURATION, role.maxSessionDuration);
  if (duration > role.maxSessionDuration) {
    throw new IamError(
      "ValidationError",
      "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
    );
  }
  return duration;
}
