import type { RequestFacts } from "../../../iam/principals/global-context.ts";
import type { AwsCall, UnsignedCall } from "../call.ts";

/** What policies may ask about the request itself. */
export function factsOf(call: AwsCall | UnsignedCall): RequestFacts {
  return {
    ...{ sourceIp: call.clientIp, secure: call.secure, time: call.clock.now() },
    ...{ userAgent: call.userAgent, region: call.region },
  };
}
