import type { StsPorts } from "../../../../iam/sessions/ports.ts";
import { getSessionToken as issueSessionToken } from "../../../../iam/sessions/session-token.ts";
import type { StsHandler } from "../../call.ts";
import { identityOf } from "../../iam/caller.ts";
import { presentCredentials, secondFactorOf } from "../present.ts";

/** Needs no permission: what it gives can do no more than the caller. */
export function getSessionToken(
  ports: Pick<StsPorts, "identity" | "sessions" | "masterKey" | "mfa" | "clock">,
): StsHandler<"GetSessionToken"> {
  return async (call, input) => {
    const wanted = { duration: input.DurationSeconds, secondFactor: secondFactorOf(input) };
    const credentials = await issueSessionToken(ports, identityOf(call), wanted, call.cause());
    return { Credentials: presentCredentials(credentials) };
  };
}
