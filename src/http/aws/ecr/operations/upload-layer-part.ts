import { appendPart } from "../../../../registry/uploads/append-part.ts";
import type { EcrHandler } from "../../call.ts";
import type { EcrPorts } from "../ports.ts";
import { uploadAddress } from "../upload-address.ts";

export function uploadLayerPart(ports: Pick<EcrPorts, "scopes" | "registry">): EcrHandler<"UploadLayerPart"> {
  return async (call, input) => {
    const address = await uploadAddress(ports, call, input);
    const { partFirstByte: start, partLastByte: end, layerPartBlob: blob, uploadId } = input;
    const bytes = Buffer.from(blob.buffer, blob.byteOffset, blob.byteLength);
    await appendPart(ports.registry, { address, range: { start, end }, bytes });
    const { name, scope } = address;
    return { registryId: scope.account, repositoryName: name, uploadId, lastByteReceived: end };
  };
}
