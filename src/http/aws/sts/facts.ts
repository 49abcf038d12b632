import type { RequestFacts } from "../../../iam/principals/global-context.ts";
import type { AwsCall, UnsignedCall } from "../call.ts";

/** What policies may ask about the request itself. */
export function factsOf({ context, region }: AwsCall | UnsignedCall): RequestFacts {
  const { sourceIp, secureTransport: secure, time, userAgent } = context;
  return { sourceIp, secure, time, userAgent, region };
}
