import { startLifecyclePreview } from "../../../../lifecycle/preview.ts";
import { parseRepositoryName } from "../../../../registry/names.ts";
import type { EcrHandler } from "../../call.ts";
import type { EcrPorts } from "../ports.ts";
import { arnIn, registryOf } from "../registry.ts";

/** The preview is there when this answers; clients ask for it until it is complete, as on AWS. */
export function startLifecyclePolicyPreview(
  ports: Pick<EcrPorts, "scopes" | "lifecyclePreviews">,
): EcrHandler<"StartLifecyclePolicyPreview"> {
  return async (call, input) => {
    const registry = registryOf(call, input);
    const name = parseRepositoryName(input.repositoryName);
    await call.authorize(arnIn(registry, name));
    const scope = await ports.scopes.open(registry);
    const text = await startLifecyclePreview(ports.lifecyclePreviews, scope, name, input.lifecyclePolicyText);
    return {
      registryId: registry.account,
      repositoryName: name,
      lifecyclePolicyText: text,
      status: "IN_PROGRESS",
    };
  };
}
