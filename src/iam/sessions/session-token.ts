import type { Cause } from "../../audit/cause.ts";
import { type MfaPorts, proveSecondFactor, type SecondFactor } from "../mfa/prove.ts";
import { IamError } from "../principals/errors.ts";
import type { Identity } from "../principals/identity.ts";
import { issueSession, type TemporaryCredentials } from "./issue.ts";
import type { StsPorts } from "./ports.ts";

export interface SessionTokenInput {
  /** Seconds. */
  readonly duration: number | undefined;
  readonly secondFactor: SecondFactor;
}

/** Seconds. */
const DURATION = 43_200;
const ROOT_MAX = 3600;

/**
 * Whether temporary credentials of {@link getSessionToken} prove the caller. Of STS they call AssumeRole and
 * GetCallerIdentity alone (STS, GetSessionToken: "Permissions").
 */
export function holdsSessionToken({ kind, accessKeyId }: Identity): boolean {
  return kind !== "session" && accessKeyId.startsWith("ASIA");
}

/** "You cannot call any IAM API operations unless MFA authentication information is included in the request." */
export function mayCallIam(identity: Identity): boolean {
  return !holdsSessionToken(identity) || identity.multiFactor === true;
}

/**
 * Temporary credentials with the caller's own permissions. They end with the key that asked for them.
 * @throws IamError AccessDeniedException for a caller that has such credentials, and a second factor that is none
 */
export async function getSessionToken(
  ports: Pick<StsPorts, "sessions" | "clock"> & MfaPorts,
  caller: Identity,
  { duration: wanted, secondFactor }: SessionTokenInput,
  cause: Cause,
): Promise<TemporaryCredentials> {
  const { sessions, masterKey, clock } = ports;
  if (caller.kind === "session" || holdsSessionToken(caller)) {
    throw new IamError("AccessDeniedException", "Cannot call GetSessionToken with session credentials");
  }
  const duration = caller.kind === "root" ? Math.min(wanted ?? ROOT_MAX, ROOT_MAX) : (wanted ?? DURATION);
  const issuedAt = clock.now();
  const mfaAt = await proveSecondFactor(ports, caller, secondFactor, issuedAt);
  return issueSession(
    sessions,
    masterKey,
    {
      ...{ account: caller.account, policy: undefined, policyArns: [], tags: {}, transitiveTagKeys: [] },
      ...{
        origin: { kind: "session-token", parentKey: caller.accessKeyId },
        sourceIdentity: undefined,
        ...{ mfaAt, issuedAt },
      },
      expiresAt: new Date(issuedAt.getTime() + duration * 1000),
    },
    { ...cause, resource: caller.arn },
  );
}
