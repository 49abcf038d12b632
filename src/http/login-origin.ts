import type { IncomingMessage } from "node:http";
import type { LoginDoor, LoginOrigin } from "../iam/logins/login-attempt.ts";
import type { Exchange } from "./observe.ts";

/** Where a proof comes from; the log names the access key that it claims. */
export function loginOrigin(
  door: LoginDoor,
  exchange: Exchange,
  { headers }: IncomingMessage,
  at: Date,
): LoginOrigin {
  return {
    ...{ door, sourceIp: exchange.client.ip, secureTransport: exchange.client.secure, at },
    ...{ userAgent: headers["user-agent"] ?? "", requestId: exchange.id },
    onClaim: (accessKeyId) => {
      exchange.accessKeyId = accessKeyId;
    },
  };
}
