import type { EcrHandler } from "../../call.ts";
import { registryOf } from "../registry.ts";

/** The caller's own registry. Nothing is replicated, so no rule can have been set. */
export function describeRegistry(): EcrHandler<"DescribeRegistry"> {
  return async (call) => {
    await call.authorize("*");
    return { registryId: registryOf(call, {}).account, replicationConfiguration: { rules: [] } };
  };
}
