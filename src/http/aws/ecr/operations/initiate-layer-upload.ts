import { parseRepositoryName } from "../../../../registry/names.ts";
import { PART_SIZE } from "../../../../registry/uploads/parts.ts";
import { startUploadInto } from "../../../../registry/uploads/start.ts";
import type { EcrHandler } from "../../call.ts";
import type { EcrPorts } from "../ports.ts";
import { arnIn, registryOf } from "../registry.ts";

/** Begins an upload in a repository that exists: a push may create one, a call that names it does not. */
export function initiateLayerUpload(
  ports: Pick<EcrPorts, "scopes" | "registry">,
): EcrHandler<"InitiateLayerUpload"> {
  return async (call, input) => {
    const registry = registryOf(call, input);
    const name = parseRepositoryName(input.repositoryName);
    await call.authorize(arnIn(registry, name));
    const target = { scope: await ports.scopes.open(registry), name, principal: call.principal.arn };
    const { id } = await startUploadInto(ports.registry, target, "sha256");
    return { uploadId: id, partSize: PART_SIZE };
  };
}
