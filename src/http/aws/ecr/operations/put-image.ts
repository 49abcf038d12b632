import { putImage as put } from "../../../../registry/images/put.ts";
import { parseRepositoryName } from "../../../../registry/names.ts";
import type { EcrHandler } from "../../call.ts";
import type { EcrPorts } from "../ports.ts";
import { arnIn, registryOf } from "../registry.ts";

export function putImage(ports: Pick<EcrPorts, "scopes" | "manifests" | "clock">): EcrHandler<"PutImage"> {
  return async (call, input) => {
    const registry = registryOf(call, input);
    const name = parseRepositoryName(input.repositoryName);
    await call.authorize(arnIn(registry, name));
    const { imageManifest } = input;
    const { imageManifestMediaType: mediaType, imageDigest: wanted, imageTag: tag } = input;
    const stored = await put(ports, {
      ...{ scope: await ports.scopes.open(registry), name, manifest: imageManifest, mediaType },
      // Its record says what was stored: the manifest itself need not stand in it.
      ...{ digest: wanted, tag, cause: { ...call.cause(), parameters: undefined } },
    });
    return {
      image: {
        ...{ registryId: registry.account, repositoryName: name },
        imageId: { imageDigest: stored.digest, imageTag: stored.tag },
        ...{ imageManifest, imageManifestMediaType: stored.mediaType },
      },
    };
  };
}
