import { batchDeleteImages } from "../../../../registry/images/batch-delete.ts";
import { parseRepositoryName } from "../../../../registry/names.ts";
import type { EcrHandler } from "../../call.ts";
import { presentFailure, presentId, readIds } from "../image-failures.ts";
import type { EcrPorts } from "../ports.ts";
import { arnIn, registryOf } from "../registry.ts";

/** Says of each id what went, or why nothing did. */
export function batchDeleteImage(
  ports: Pick<EcrPorts, "scopes" | "images" | "manifests" | "clock">,
): EcrHandler<"BatchDeleteImage"> {
  return async (call, input) => {
    const registry = registryOf(call, input);
    const name = parseRepositoryName(input.repositoryName);
    await call.authorize(arnIn(registry, name));
    // Each record says which image went; all that were asked for need not stand in each of them.
    const cause = { ...call.cause(), parameters: undefined };
    const scope = await ports.scopes.open(registry);
    const answers = await batchDeleteImages(ports, scope, name, readIds(input.imageIds), cause);
    return {
      imageIds: answers.flatMap((answer) => ("removed" in answer ? answer.removed.map(presentId) : [])),
      failures: answers.flatMap((answer) =>
        "fault" in answer ? [presentFailure(answer.id, answer.fault)] : [],
      ),
    };
  };
}
