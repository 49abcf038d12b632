import type { Call } from "../../iam/actions.ts";
import { empty, type Outcome } from "../outcome.ts";
import { Refusal } from "../refusal.ts";
import { getBlob, removeBlob } from "./blobs.ts";
import { getCatalog, getReferrers, getTags } from "./lists.ts";
import { getManifest, putManifest, removeManifest } from "./manifests.ts";
import { type Resource, resourceAt } from "./paths.ts";
import type { OciDependencies, OciRequest } from "./request.ts";
import { deleteUpload, getUpload, patchUpload, postUpload, putUpload } from "./uploads.ts";

type Handler = (
  dependencies: OciDependencies,
  request: OciRequest,
  captures: readonly string[],
) => Promise<Outcome>;

interface Entry {
  readonly call: Call | "ping";
  readonly handler: Handler;
}

/** The registry door: distribution-spec 1.1 and what its next version adds. HEAD goes where GET goes. */
const ROUTES: Readonly<Record<Resource["kind"], Readonly<Record<string, Entry>>>> = {
  base: { GET: { call: "ping", handler: async () => empty(200) } },
  catalog: { GET: { call: "listRepositories", handler: getCatalog } },
  manifest: {
    GET: { call: "getManifest", handler: getManifest },
    PUT: { call: "putManifest", handler: putManifest },
    DELETE: { call: "deleteManifest", handler: removeManifest },
  },
  blob: {
    GET: { call: "getBlob", handler: getBlob },
    DELETE: { call: "deleteBlob", handler: removeBlob },
  },
  uploads: { POST: { call: "startUpload", handler: postUpload } },
  upload: {
    GET: { call: "getUpload", handler: getUpload },
    PATCH: { call: "patchUpload", handler: patchUpload },
    PUT: { call: "completeUpload", handler: putUpload },
    DELETE: { call: "cancelUpload", handler: deleteUpload },
  },
  tags: { GET: { call: "listTags", handler: getTags } },
  referrers: { GET: { call: "listReferrers", handler: getReferrers } },
};

/** The call that a request makes; what is no call is refused by its handler, once the caller is known. */
export interface Route {
  readonly call: Call | "ping";
  readonly handle: (request: OciRequest) => Promise<Outcome>;
}

/** Undefined for a path that is not the registry's. */
export function routeOf(dependencies: OciDependencies, method: string, path: string): Route | undefined {
  if (path !== "/v2" && !path.startsWith("/v2/")) return undefined;
  const resource = resourceAt(path);
  if (resource === undefined) return refusing(method, path, undefined);
  const entries = ROUTES[resource.kind];
  const name = method === "HEAD" ? "GET" : method;
  const entry = Object.hasOwn(entries, name) ? entries[name] : undefined;
  if (entry === undefined) return refusing(method, path, registryMethods(path));
  return {
    call: entry.call,
    handle: (request) => entry.handler(dependencies, request, decodeAll(partsOf(resource))),
  };
}

/** The methods of a path of the registry; undefined for what it does not have. */
export function registryMethods(path: string): readonly string[] | undefined {
  const resource = resourceAt(path);
  if (resource === undefined) return undefined;
  const methods = Object.keys(ROUTES[resource.kind]);
  return [...methods.flatMap((one) => (one === "GET" ? ["GET", "HEAD"] : [one])), "OPTIONS"];
}

function refusing(method: string, path: string, methods: readonly string[] | undefined): Route {
  const message = `the registry has no call ${method.slice(0, 40)} ${path.slice(0, 200)}`;
  const refusal =
    methods === undefined
      ? new Refusal("UNSUPPORTED", message, { status: 404 })
      : new Refusal("UNSUPPORTED", message, { headers: { Allow: methods.join(", ") } });
  return { call: "ping", handle: () => Promise.reject(refusal) };
}

/** What a path holds beside its kind, in order. */
function partsOf({ kind: _, ...parts }: Resource): readonly string[] {
  return Object.values(parts);
}

function decodeAll(parts: readonly string[]): readonly string[] {
  return parts.map((part) => {
    try {
      return decodeURIComponent(part);
    } catch {
      throw new Refusal("NAME_INVALID", `the path has invalid percent-encoding: ${part.slice(0, 100)}`);
    }
  });
}
