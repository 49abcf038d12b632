import type { Digest } from "../../../../registry/digest.ts";
import { completeLayer } from "../../../../registry/uploads/complete-layer.ts";
import type { EcrHandler } from "../../call.ts";
import { layerDigest } from "../layer-digest.ts";
import type { EcrPorts } from "../ports.ts";
import { uploadAddress } from "../upload-address.ts";

export function completeLayerUpload(
  ports: Pick<EcrPorts, "scopes" | "registry">,
): EcrHandler<"CompleteLayerUpload"> {
  return async (call, input) => {
    const { layerDigests, uploadId } = input;
    // The model has at least one.
    const digests = layerDigests.map((text) => layerDigest("layerDigests", text)) as [Digest, ...Digest[]];
    const address = await uploadAddress(ports, call, input);
    const completed = await completeLayer(ports.registry, { address, digests, cause: call.cause() });
    const { name, scope } = address;
    return { registryId: scope.account, repositoryName: name, uploadId, layerDigest: completed };
  };
}
