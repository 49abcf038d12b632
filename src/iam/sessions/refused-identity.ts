import type { Cause } from "../../audit/cause.ts";
import type { AuditRecorder } from "../../audit/recorder.ts";
import type { Context } from "../policy/context.ts";
import type { PolicyDocument } from "../policy/document.ts";
import { IamError, type IamErrorCode } from "../principals/errors.ts";
import type { RequestFacts } from "../principals/global-context.ts";
import { contextKeysOf } from "../principals/simulation/context-keys.ts";

/** A claim of a token that is not as the provider's registration wants it. */
export interface ClaimMismatch {
  readonly claim: "iss" | "aud";
  readonly wanted: readonly string[];
  /** What the token says; of `iss` nobody has proven it. */
  readonly found: readonly string[];
}

/** What is known of a token, or a key, that makes nobody a role. */
export interface IdentityRefusal {
  /** The permission that was asked for last. */
  readonly action?: string;
  /** ARN of the role. */
  readonly resource?: string;
  /** ARN of the provider that has signed the token. */
  readonly provider?: string;
  readonly mismatch?: ClaimMismatch;
  /** Values of those condition keys that the trust policy of the role asks for, as the request has them. */
  readonly conditions?: Readonly<Record<string, readonly string[]>>;
}

/** A refusal whose reasons are for the audit log and `berth explain`; the client is told the message alone. */
export class RefusedIdentityError extends IamError {
  readonly refusal: IdentityRefusal;

  constructor(code: IamErrorCode, message: string, refusal: IdentityRefusal) {
    super(code, message);
    this.refusal = refusal;
  }
}

/** Characters of a value, and values of a key, that are kept. */
const VALUE_MAX = 512;
const VALUES_MAX = 20;

/** Of everything that is known of a request, what trust policies ask for. */
export function askedFor(
  trust: readonly PolicyDocument[],
  context: Context,
): Readonly<Record<string, readonly string[]>> {
  const asked = contextKeysOf(trust).flatMap((key) => {
    const values = context.get(key.toLowerCase());
    return values === undefined ? [] : [[key.toLowerCase(), cut(values)] as const];
  });
  return Object.fromEntries(asked);
}

function cut(values: readonly string[]): readonly string[] {
  return values.slice(0, VALUES_MAX).map((value) => value.slice(0, VALUE_MAX));
}

/** What is no refusal of the identity, but of the input, has other codes. */
const REFUSALS: ReadonlySet<IamErrorCode> = new Set([
  ...(["AccessDeniedException", "InvalidIdentityTokenException", "ExpiredTokenException"] as const),
  ...(["IDPRejectedClaimException", "IDPCommunicationErrorException"] as const),
]);

/** Keeps a refusal in the log of the account whose role was asked for. Anything else that was thrown it leaves alone. */
export function recordRefusedIdentity(
  recorder: Pick<AuditRecorder, "noteDenial">,
  thrown: unknown,
  { account, roleArn }: { readonly account: string; readonly roleArn: string },
  request: RequestFacts,
  cause: Cause,
): void {
  if (!(thrown instanceof IamError) || !REFUSALS.has(thrown.code)) return;
  const { requestId, sourceIp, userAgent } = cause;
  const refusal = thrown instanceof RefusedIdentityError ? thrown.refusal : {};
  const { provider = "anonymous", action = cause.action, mismatch, conditions = {} } = refusal;
  const found = mismatch && { ...mismatch, wanted: cut(mismatch.wanted), found: cut(mismatch.found) };
  recorder.noteDenial(provider, {
    ...{ at: request.time, requestId, account, principal: provider, accessKeyId: undefined },
    ...{ action, resource: roleArn, sourceIp, userAgent },
    ...{ decision: "denied", reason: thrown.message },
    detail: {
      context: { secureTransport: request.secure, conditions },
      ...(found === undefined ? {} : { mismatch: found }),
    },
  });
}
