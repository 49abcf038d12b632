import type { StsPorts } from "../../../../iam/sessions/ports.ts";
import { getSessionToken as issueSessionToken } from "../../../../iam/sessions/session-token.ts";
import type { StsHandler } from "../../call.ts";
import { identityOf } from "../../iam/caller.ts";
import { presentCredentials } from "../present.ts";

/** Needs no permission: what it gives can do no more than the caller. */
export function getSessionToken(
  ports: Pick<StsPorts, "sessions" | "masterKey" | "clock">,
): StsHandler<"GetSessionToken"> {
  return async (call, input) => {
    const credentials = await issueSessionToken(ports, identityOf(call), input.DurationSeconds, call.cause());
    return { Credentials: presentCredentials(credentials) };
  };
}
