import type { IncomingMessage, ServerResponse } from "node:http";
import type { Exchange } from "./observe.ts";
import { getBlob } from "./oci/blobs.ts";
import type { OciDoor } from "./oci/door.ts";
import { getManifest } from "./oci/manifests.ts";
import type { OciDependencies } from "./oci/request.ts";

const PREFIX = "/v2/";

/**
 * GET and HEAD of manifests and blobs, most of a registry's requests, past framework and router: the same door and the
 * same handlers, so the same answers. Undefined for every other request, and for paths that need decoding.
 */
export function openFastLane(
  dependencies: OciDependencies,
  door: OciDoor,
): (exchange: Exchange, request: IncomingMessage, response: ServerResponse) => Promise<void> | undefined {
  return (exchange, request, response) => {
    const { method, url = "" } = request;
    if ((method !== "GET" && method !== "HEAD") || !url.startsWith(PREFIX)) return undefined;
    const mark = url.indexOf("?");
    const path = mark < 0 ? url : url.slice(0, mark);
    if (path.includes("%")) return undefined;
    const last = path.lastIndexOf("/");
    const before = path.lastIndexOf("/", last - 1);
    const name = path.slice(PREFIX.length, before);
    const reference = path.slice(last + 1);
    if (name === "" || reference === "" || before < PREFIX.length) return undefined;
    const kind = path.slice(before + 1, last);
    if (kind === "manifests") {
      return door(exchange, request, response, "getManifest", (entered) =>
        getManifest(dependencies, entered, [name, reference]),
      );
    }
    if (kind === "blobs" && reference.includes(":")) {
      return door(exchange, request, response, "getBlob", (entered) =>
        getBlob(dependencies, entered, [name, reference]),
      );
    }
    return undefined;
  };
}
