import type { Cause } from "../../audit/cause.ts";
import { IamError } from "../principals/errors.ts";
import type { Identity } from "../principals/identity.ts";
import { issueSession, type TemporaryCredentials } from "./issue.ts";
import type { StsPorts } from "./ports.ts";

/** Seconds. */
const DURATION = 43_200;
const ROOT_MAX = 3600;

/**
 * Whether temporary credentials of {@link getSessionToken} prove the caller. They never come with a second factor here,
 * and without one AWS takes them for no IAM call, and of STS for AssumeRole and GetCallerIdentity alone (STS,
 * GetSessionToken: "Permissions").
 */
export function holdsSessionToken({ kind, accessKeyId }: Identity): boolean {
  return kind !== "session" && accessKeyId.startsWith("ASIA");
}

/** Temporary credentials with the caller's own permissions. They end with the key that asked for them. */
export async function getSessionToken(
  { sessions, masterKey, clock }: Pick<StsPorts, "sessions" | "masterKey" | "clock">,
  caller: Identity,
  wanted: number | undefined,
  cause: Cause,
): Promise<TemporaryCredentials> {
  if (caller.kind === "session" || holdsSessionToken(caller)) {
    throw new IamError("AccessDeniedException", "Cannot call GetSessionToken with session credentials");
  }
  const duration = caller.kind === "root" ? Math.min(wanted ?? ROOT_MAX, ROOT_MAX) : (wanted ?? DURATION);
  const issuedAt = clock.now();
  return issueSession(
    sessions,
    masterKey,
    {
      ...{ account: caller.account, policy: undefined, policyArns: [], tags: {}, transitiveTagKeys: [] },
      ...{
        origin: { kind: "session-token", parentKey: caller.accessKeyId },
        sourceIdentity: undefined,
        issuedAt,
      },
      expiresAt: new Date(issuedAt.getTime() + duration * 1000),
    },
    { ...cause, resource: caller.arn },
  );
}
