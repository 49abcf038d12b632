import { layerToDownload } from "../../../../registry/layers/download.ts";
import { parseRepositoryName } from "../../../../registry/names.ts";
import { PRESIGN_SECONDS } from "../../../oci/serve-blob.ts";
import type { EcrHandler } from "../../call.ts";
import { layerDigest } from "../layer-digest.ts";
import type { EcrPorts } from "../ports.ts";
import { arnIn, registryOf } from "../registry.ts";

/** A URL of the storage where clients can reach it; else one of Berth, at the origin under which the client came. */
export function getDownloadUrlForLayer(
  ports: Pick<EcrPorts, "scopes" | "registry" | "layerUrls">,
): EcrHandler<"GetDownloadUrlForLayer"> {
  return async (call, input) => {
    const registry = registryOf(call, input);
    const repository = parseRepositoryName(input.repositoryName);
    const digest = layerDigest("layerDigest", input.layerDigest);
    await call.authorize(arnIn(registry, repository));
    const scope = await ports.scopes.open(registry);
    const blob = await layerToDownload(ports.registry, scope, repository, digest);
    const presigned = await ports.registry.storage.presign(blob.key, PRESIGN_SECONDS);
    const expiresAt = new Date(call.clock.now().getTime() + PRESIGN_SECONDS * 1_000);
    const own = (): string => ports.layerUrls.sign({ ...registry, repository, digest }, expiresAt);
    return { downloadUrl: presigned ?? `${call.origin}${own()}`, layerDigest: digest };
  };
}
