import { includePuller } from "../../../../registry/images/pull-exclusions.ts";
import type { EcrHandler } from "../../call.ts";
import type { EcrPorts } from "../ports.ts";
import { registryOf } from "../registry.ts";

export function deregisterPullTimeUpdateExclusion(
  ports: Pick<EcrPorts, "scopes" | "pulls" | "clock">,
): EcrHandler<"DeregisterPullTimeUpdateExclusion"> {
  return async (call, { principalArn }) => {
    const registry = registryOf(call, {});
    await call.authorize("*");
    await includePuller(ports, await ports.scopes.open(registry), principalArn, call.cause());
    return { principalArn };
  };
}
