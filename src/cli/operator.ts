import { randomUUID } from "node:crypto";
import { hostname, userInfo } from "node:os";
import type { Cause } from "../audit/cause.ts";

/** Why a command changes something: whoever can reach the database did it. */
export function operatorCause(account: string, action: string, resource: string): Cause {
  return {
    ...{ account, principal: `operator/${userName()}@${hostname()}`, accessKeyId: undefined },
    ...{ requestId: randomUUID(), sourceIp: "", userAgent: "berth" },
    ...{ action, resource },
  };
}

/** A container may run as a user that has no name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? "unknown");
  }
}
