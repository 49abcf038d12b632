import type { AuditRecorder } from "../../audit/recorder.ts";
import { addressBlock } from "../logins/address-block.ts";
import type { LoginDoor } from "../logins/login-attempt.ts";
import type { AccountPrincipal } from "../principal.ts";

/** A token of the registry that somebody got. */
export interface IssuedToken {
  readonly principal: AccountPrincipal;
  readonly door: LoginDoor;
  readonly requestId: string;
  readonly sourceIp: string;
  readonly userAgent: string;
  readonly at: Date;
}

/** Milliseconds for which one record of a token stands for all that a key gets from an address at a door. */
export const ISSUE_PERIOD = 600_000;
const ISSUES_MAX = 10_000;

/** Writes that a token was handed out to the audit log, those that follow with their number. */
export function recordIssue(recorder: Pick<AuditRecorder, "noteRepeated">, issued: IssuedToken): void {
  const { principal, door, requestId, sourceIp, userAgent, at } = issued;
  const { account, arn, accessKeyId } = principal;
  recorder.noteRepeated(
    {
      ...{ at, requestId, account, principal: arn, accessKeyId, sourceIp, userAgent },
      ...{ action: "ecr:GetAuthorizationToken", resource: "*", decision: "allowed", reason: undefined },
      detail: { door },
    },
    {
      ...{ kind: "token", group: "", key: `${door}\n${addressBlock(sourceIp)}\n${accessKeyId}` },
      ...{ groupMax: ISSUES_MAX, period: ISSUE_PERIOD, isCounted: true },
    },
  );
}
