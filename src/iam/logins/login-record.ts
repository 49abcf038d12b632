import type { AuditRecorder } from "../../audit/recorder.ts";
import type { LoginEvent } from "./login-guard.ts";

/** What the audit log calls a try to prove something. */
export const LOGIN_ACTION = "berth:Login";

/** Milliseconds for which one record of a failure stands for all that are alike. */
export const FAILURES_PERIOD = 60_000;
/** The same of what was proven: once for a key, an address and a door. */
export const PROVEN_PERIOD = 3_600_000;
/** Different failures that have a record of their own in a minute. */
const FAILURES_MAX = 1_000;
const PROVEN_MAX = 10_000;

const REASONS: Readonly<Record<LoginEvent["outcome"], string | undefined>> = {
  wrong: "the credentials are not valid",
  unknown: "there is no such key, or none that is active",
  expired: "the credentials have expired",
  throttled: "too many failed logins",
  proven: undefined,
};

/**
 * Writes a login to the audit log, of whom it is known with the account of the key, else with `account`. What fails is
 * one record a minute for a key and an address with the number of tries, what was slowed down one for an address.
 */
export function recordLogin(
  recorder: Pick<AuditRecorder, "noteRepeated">,
  account: string,
  event: LoginEvent,
): void {
  const { origin, outcome, from, accessKeyId, principal } = event;
  // A token of an issuer has a record of its own, which tells what was wrong with it.
  if (origin.door === "web-identity" && outcome !== "throttled") return;
  const isProven = outcome === "proven";
  const who = outcome === "throttled" ? "" : accessKeyId;
  recorder.noteRepeated(
    {
      ...{ at: origin.at, requestId: origin.requestId, account: event.account ?? account, principal },
      ...{ accessKeyId: accessKeyId === "" ? undefined : accessKeyId, action: LOGIN_ACTION, resource: "*" },
      ...{ sourceIp: origin.sourceIp, userAgent: origin.userAgent },
      ...{ decision: isProven ? "allowed" : "denied", reason: REASONS[outcome] },
      detail: isProven ? { door: origin.door } : { door: origin.door, outcome, ...contextOf(event) },
    },
    {
      ...{ kind: isProven ? "login" : "failed login", group: "" },
      ...{ key: `${origin.door}\n${outcome}\n${from}\n${who}`, isCounted: !isProven },
      ...(isProven
        ? { groupMax: PROVEN_MAX, period: PROVEN_PERIOD }
        : { groupMax: FAILURES_MAX, period: FAILURES_PERIOD }),
    },
  );
}

/** As every denial has it. */
function contextOf({ origin }: LoginEvent): Readonly<Record<string, unknown>> {
  return { context: { secureTransport: origin.secureTransport, conditions: {} } };
}
