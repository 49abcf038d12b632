import { parseRepositoryName } from "../../../../registry/names.ts";
import { changeSettings } from "../../../../registry/repositories/settings.ts";
import type { EcrHandler } from "../../call.ts";
import type { EcrPorts } from "../ports.ts";
import { arnIn, registryOf } from "../registry.ts";

/** Keeps the setting. Nothing scans yet. */
export function putImageScanningConfiguration(
  ports: Pick<EcrPorts, "scopes" | "repositories" | "clock">,
): EcrHandler<"PutImageScanningConfiguration"> {
  return async (call, input) => {
    const registry = registryOf(call, input);
    const name = parseRepositoryName(input.repositoryName);
    await call.authorize(arnIn(registry, name));
    const wanted = { scanOnPush: input.imageScanningConfiguration.scanOnPush ?? false };
    const scope = await ports.scopes.open(registry);
    const { scanOnPush } = await changeSettings(ports, scope, name, wanted, call.cause());
    return {
      registryId: registry.account,
      repositoryName: name,
      imageScanningConfiguration: { scanOnPush },
    };
  };
}
