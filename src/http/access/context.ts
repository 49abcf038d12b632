import type { IncomingMessage } from "node:http";
import type { Origin } from "../../audit/cause.ts";
import type { RequestContext } from "../../iam/authorizer.ts";
import { type Principal, principalName } from "../../iam/principal.ts";
import type { Client } from "../client.ts";

/** What conditions may ask for. `region`: the one that the request speaks to, where there is one. */
export function contextOf(
  client: Client,
  { headers }: IncomingMessage,
  time: Date,
  region?: string,
): RequestContext {
  return {
    region,
    sourceIp: client.ip,
    secureTransport: client.secure,
    time,
    userAgent: headers["user-agent"] ?? "",
  };
}

/** Who makes a request and from where, as the audit log keeps it. `account`: whose it is when nobody makes it. */
export function originOf(
  principal: Principal,
  account: string,
  requestId: string,
  { sourceIp, userAgent }: RequestContext,
): Origin {
  const isSomebody = principal.kind !== "anonymous";
  return {
    account: isSomebody ? principal.account : account,
    principal: principalName(principal),
    accessKeyId: isSomebody ? principal.accessKeyId : undefined,
    ...{ requestId, sourceIp, userAgent },
  };
}
