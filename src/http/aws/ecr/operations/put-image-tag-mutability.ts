import { parseRepositoryName } from "../../../../registry/names.ts";
import { changeSettings, checkSettings } from "../../../../registry/repositories/settings.ts";
import type { EcrHandler } from "../../call.ts";
import type { EcrPorts } from "../ports.ts";
import { presentMutability } from "../present-repository.ts";
import { arnIn, registryOf } from "../registry.ts";

/** Replaces the mutability and its filters. Tags that there are stay as they are; the setting judges later pushes. */
export function putImageTagMutability(
  ports: Pick<EcrPorts, "scopes" | "repositories" | "clock">,
): EcrHandler<"PutImageTagMutability"> {
  return async (call, input) => {
    const registry = registryOf(call, input);
    const name = parseRepositoryName(input.repositoryName);
    const wanted = checkSettings({
      tagMutability: input.imageTagMutability,
      exclusionFilters: input.imageTagMutabilityExclusionFilters?.map(({ filter }) => filter),
    });
    await call.authorize(arnIn(registry, name));
    const changed = await changeSettings(
      ports,
      await ports.scopes.open(registry),
      name,
      wanted,
      call.cause(),
    );
    return { registryId: registry.account, repositoryName: name, ...presentMutability(changed) };
  };
}
