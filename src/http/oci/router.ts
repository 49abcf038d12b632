import Router, { type RouterContext } from "@koa/router";
import type { Call } from "../../iam/actions.ts";
import { RegistryError } from "../../registry/errors.ts";
import { empty, type Outcome } from "../outcome.ts";
import { getBlob, removeBlob } from "./blobs.ts";
import { getCatalog, getReferrers, getTags } from "./lists.ts";
import { getManifest, putManifest, removeManifest } from "./manifests.ts";
import type { OciDependencies, OciRequest } from "./request.ts";
import { deleteUpload, getUpload, patchUpload, postUpload, putUpload } from "./uploads.ts";

type Handler = (
  dependencies: OciDependencies,
  request: OciRequest,
  captures: readonly string[],
) => Promise<Outcome>;

/** The registry's door, for a Koa context. */
export type Serve = (
  ctx: RouterContext,
  call: Call | "ping",
  handle: (request: OciRequest) => Promise<Outcome>,
) => Promise<void>;

// Names are greedy, so that a name may itself contain blobs, manifests, tags or uploads: the path parses from the right.
const MANIFEST = /^\/v2\/(.+)\/manifests\/([^/]+)$/;
const BLOB = /^\/v2\/(.+)\/blobs\/([^/]+:[^/]+)$/;
const UPLOADS = /^\/v2\/(.+)\/blobs\/uploads\/?$/;
const UPLOAD = /^\/v2\/(.+)\/blobs\/uploads\/([^/]+)$/;
const TAGS = /^\/v2\/(.+)\/tags\/list$/;
const REFERRERS = /^\/v2\/(.+)\/referrers\/([^/]+)$/;
const ANY_BLOB = /^\/v2\/(.+)\/blobs\/([^/]+)$/;

/** The registry door: distribution-spec 1.1 and what its next version adds. */
export function ociRouter(dependencies: OciDependencies, serve: Serve): Router {
  const router = new Router();
  const route =
    (name: Call, handler: Handler) =>
    (ctx: RouterContext): Promise<void> =>
      serve(ctx, name, (request) => handler(dependencies, request, decodeAll(ctx.captures)));
  const ping = (ctx: RouterContext): Promise<void> => serve(ctx, "ping", async () => empty(200));

  router.get(/^\/v2\/?$/, ping);
  router.get(/^\/v2\/_catalog$/, route("listRepositories", getCatalog));
  router.get(MANIFEST, route("getManifest", getManifest));
  router.put(MANIFEST, route("putManifest", putManifest));
  router.delete(MANIFEST, route("deleteManifest", removeManifest));
  router.get(BLOB, route("getBlob", getBlob));
  router.delete(BLOB, route("deleteBlob", removeBlob));
  router.post(UPLOADS, route("startUpload", postUpload));
  router.patch(UPLOAD, route("patchUpload", patchUpload));
  router.put(UPLOAD, route("completeUpload", putUpload));
  router.get(UPLOAD, route("getUpload", getUpload));
  router.delete(UPLOAD, route("cancelUpload", deleteUpload));
  router.get(TAGS, route("listTags", getTags));
  router.get(REFERRERS, route("listReferrers", getReferrers));
  // A blob path whose last segment is no digest: the handler says what is wrong with it.
  router.get(ANY_BLOB, route("getBlob", getBlob));
  router.delete(ANY_BLOB, route("deleteBlob", removeBlob));
  router.all(/^\/v2(?:\/|$)/, (ctx) => serve(ctx, "ping", () => Promise.reject(noSuchCall(ctx))));
  return router;
}

function noSuchCall(ctx: RouterContext): RegistryError {
  return new RegistryError(
    "UNSUPPORTED",
    `the registry has no call ${ctx.method} ${ctx.path.slice(0, 200)}`,
    {
      status: KNOWN_PATHS.some((path) => path.test(ctx.path)) ? 405 : 404,
    },
  );
}

const KNOWN_PATHS = [MANIFEST, BLOB, UPLOADS, UPLOAD, TAGS, REFERRERS, /^\/v2\/(?:_catalog)?$/];

function decodeAll(captures: readonly string[] = []): readonly string[] {
  return captures.map((capture) => {
    try {
      return decodeURIComponent(capture);
    } catch {
      throw new RegistryError(
        "NAME_INVALID",
        `the path has invalid percent-encoding: ${capture.slice(0, 100)}`,
      );
    }
  });
}
