import { findBlob } from "../../registry/blobs.ts";
import { parseDigest } from "../../registry/digest.ts";
import { parseRepositoryName } from "../../registry/names.ts";
import type { RegistryPorts } from "../../registry/ports/index.ts";
import { registryUnknown, type Scopes } from "../../registry/scopes.ts";
import type { Door } from "../door.ts";
import { serveBlob } from "../oci/serve-blob.ts";
import { respond } from "../respond.ts";
import { LAYERS_PATH, type LayerUrls } from "./layer-urls.ts";

/** What downloads by signed URLs work on. */
export interface LayerDoorDependencies {
  readonly urls: LayerUrls;
  readonly ports: Pick<RegistryPorts, "blobs" | "storage" | "clock">;
  readonly scopes: Pick<Scopes, "find">;
}

/**
 * GET and HEAD of a layer by a URL that GetDownloadUrlForLayer gave away: it is all that is asked for. The layer must still
 * be the repository's.
 */
export function openLayerDoor({ urls, ports, scopes }: LayerDoorDependencies): Door {
  return (exchange, request, response) => {
    const { method, url = "" } = request;
    if ((method !== "GET" && method !== "HEAD") || !url.startsWith(LAYERS_PATH)) return undefined;
    exchange.route = "getLayer";
    return respond(exchange, request, response, async () => {
      const { account, region, repository, digest } = urls.open(url, ports.clock.now());
      const scope = await scopes.find({ account, region });
      if (scope === undefined) throw registryUnknown({ account, region });
      const blob = await findBlob(ports, scope, parseRepositoryName(repository), parseDigest(digest));
      return serveBlob(ports.storage, request, blob);
    });
  };
}
