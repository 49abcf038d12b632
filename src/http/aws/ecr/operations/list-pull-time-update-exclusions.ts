import { listExcludedPullers } from "../../../../registry/images/pull-exclusions.ts";
import type { EcrHandler } from "../../call.ts";
import { pageOf } from "../paging.ts";
import type { EcrPorts } from "../ports.ts";
import { registryOf } from "../registry.ts";

export function listPullTimeUpdateExclusions(
  ports: Pick<EcrPorts, "scopes" | "pulls" | "pageTokens">,
): EcrHandler<"ListPullTimeUpdateExclusions"> {
  return async (call, input) => {
    const registry = registryOf(call, {});
    const wanted = pageOf(ports.pageTokens, call, registry, input);
    await call.authorize("*");
    const page = await listExcludedPullers(ports, await ports.scopes.open(registry), wanted);
    return { pullTimeUpdateExclusions: page.items, nextToken: wanted.token(page.next) };
  };
}
