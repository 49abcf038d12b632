import { excludePuller } from "../../../../registry/images/pull-exclusions.ts";
import type { EcrHandler } from "../../call.ts";
import type { EcrPorts } from "../ports.ts";
import { registryOf } from "../registry.ts";

/** Pulls by this role or user leave `lastRecordedPullTime` alone from now on. */
export function registerPullTimeUpdateExclusion(
  ports: Pick<EcrPorts, "scopes" | "pulls" | "clock">,
): EcrHandler<"RegisterPullTimeUpdateExclusion"> {
  return async (call, { principalArn }) => {
    const registry = registryOf(call, {});
    await call.authorize("*");
    const scope = await ports.scopes.open(registry);
    return { principalArn, createdAt: await excludePuller(ports, scope, principalArn, call.cause()) };
  };
}
