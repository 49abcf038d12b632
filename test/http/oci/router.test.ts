import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { openFastLane } from "../../../src/http/fast-lane.ts";
import type { OciDependencies, OciRequest } from "../../../src/http/oci/request.ts";
import { routeOf } from "../../../src/http/oci/router.ts";
import { json, type Outcome, sendOutcome } from "../../../src/http/outcome.ts";
import { Refusal } from "../../../src/http/refusal.ts";
import { refusalOf } from "../../../src/http/refusal-of.ts";
import { Parameters, QUERY_LIMITS } from "../../../src/kernel/parameters.ts";
import { RegistryError } from "../../../src/registry/errors.ts";
import type { RepositoryName } from "../../../src/registry/names.ts";
import { beginExchange } from "../../support/begin-exchange.ts";
import { CAUSE } from "../../support/cause.ts";
import { send } from "../loopback.ts";

const DIGEST = `sha256:${"a".repeat(64)}`;
const UUID = "01234567-89ab-cdef-0123-456789abcdef";

/** Ends a handler as soon as it is known how it understood the path. */
class Understood extends Error {}

/** A port that is asked for the manifest, blob or subject named last. */
function asked(_registry: unknown, _name: string, reference: string | { subject: string }): Promise<never> {
  return Promise.reject(new Understood(typeof reference === "string" ? reference : reference.subject));
}

const dependencies = {
  ports: {
    manifests: { findByTag: asked, findByDigest: asked, untag: asked, delete: asked, listReferrers: asked },
    blobs: { find: asked, unlink: asked },
    clock: { now: () => new Date(0) },
    repositories: { listNames: async () => [] },
  },
  cursors: { open: (_: unknown, cursor: string) => cursor },
} as unknown as OciDependencies;

/** Calls whose handlers go on to the reference; of the others the name is all that the path says. */
const BY_REFERENCE = /^(?:get|head|delete)(?:Manifest|Blob)$|^listReferrers$/;

/** Runs a handler far enough to tell which permission it asked for, and for what. */
async function trace(
  incoming: IncomingMessage,
  call: string,
  handle: (request: OciRequest) => Promise<Outcome>,
) {
  const facts: unknown[] = [call];
  const request = {
    incoming,
    query: Parameters.parse(`digest=${DIGEST}`, QUERY_LIMITS),
    scope: { id: 1, account: "1", region: "r" },
    principal: { arn: "arn:x" },
    causeOf: () => CAUSE,
    visible: async (names: readonly RepositoryName[]) => names,
    async authorize(wanted: string, name: RepositoryName | undefined) {
      facts.push(`${wanted} ${name ?? "*"}`);
      if (!BY_REFERENCE.test(wanted)) throw new Understood();
    },
  } as unknown as OciRequest;
  try {
    facts.push((await handle(request)).status);
  } catch (error) {
    const refusal = error instanceof RegistryError ? refusalOf(error) : error;
    if (refusal instanceof Refusal) facts.push(refusal.code, refusal.status);
    else if (!(error instanceof Understood)) throw error;
    else if (error.message !== "") facts.push(error.message);
  }
  return json(200, facts);
}

async function throughRouter(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [path = ""] = (request.url ?? "").split("?", 1);
  const found = routeOf(dependencies, request.method ?? "", path);
  if (found === undefined) response.writeHead(404).end();
  else await sendOutcome(response, await trace(request, found.call, found.handle));
}

/** `X-Lane: fast` tries the fast lane alone: 404 where it declines. */
const server = createServer(async (request: IncomingMessage, response: ServerResponse) => {
  if (request.headers["x-lane"] !== "fast") return throughRouter(request, response);
  const lane = openFastLane(dependencies, async (_, incoming, answer, call, handle) =>
    sendOutcome(answer, await trace(incoming, call, handle as (request: OciRequest) => Promise<Outcome>)),
  );
  const handled = lane(beginExchange(request), request, response);
  if (handled === undefined) response.writeHead(404).end();
  await handled;
}).listen(0, "127.0.0.1");
await once(server, "listening");
const { port } = server.address() as AddressInfo;
afterAll(() => void server.close());

async function route(method: string, path: string): Promise<unknown> {
  const { status, body } = await send(port, { method, path });
  return status === 200 ? JSON.parse(body) : status;
}

describe("a path and a method are a call", () => {
  test.each([
    ["GET", "/v2/", ["ping", 200]],
    ["GET", "/v2", ["ping", 200]],
    ["GET", "/v2/_catalog", ["listRepositories", "listRepositories *"]],
    ["GET", "/v2/a/manifests/latest", ["getManifest", "getManifest a", "latest"]],
    ["GET", `/v2/a/b/manifests/${DIGEST}`, ["getManifest", "getManifest a/b", DIGEST]],
    ["DELETE", "/v2/a/manifests/latest", ["deleteManifest", "deleteManifest a", "latest"]],
    ["DELETE", `/v2/a/manifests/${DIGEST}`, ["deleteManifest", "deleteManifest a", DIGEST]],
    ["GET", `/v2/a/blobs/${DIGEST}`, ["getBlob", "getBlob a", DIGEST]],
    ["DELETE", `/v2/a/blobs/${DIGEST}`, ["deleteBlob", "deleteBlob a", DIGEST]],
    ["POST", "/v2/a/blobs/uploads/", ["startUpload", "startUpload a"]],
    ["POST", "/v2/a/blobs/uploads", ["startUpload", "startUpload a"]],
    ["PATCH", `/v2/a/blobs/uploads/${UUID}`, ["patchUpload", "patchUpload a"]],
    ["PUT", `/v2/a/blobs/uploads/${UUID}`, ["completeUpload", "completeUpload a"]],
    ["GET", `/v2/a/blobs/uploads/${UUID}`, ["getUpload", "getUpload a"]],
    ["DELETE", `/v2/a/blobs/uploads/${UUID}`, ["cancelUpload", "cancelUpload a"]],
    ["GET", "/v2/a/tags/list", ["listTags", "listTags a"]],
    ["GET", `/v2/a/referrers/${DIGEST}`, ["listReferrers", "listReferrers a", DIGEST]],
  ])("%s %s", async (method, path, call) => {
    expect(await route(method, path)).toEqual(call);
  });
});

describe("a name may contain the words of the paths", () => {
  test.each([
    ["GET", "/v2/manifests/manifests/manifests", ["getManifest", "getManifest manifests", "manifests"]],
    ["GET", "/v2/a/manifests/b/manifests/c", ["getManifest", "getManifest a/manifests/b", "c"]],
    ["GET", "/v2/a/blobs/uploads/manifests/c", ["getManifest", "getManifest a/blobs/uploads", "c"]],
    ["GET", `/v2/blobs/uploads/blobs/${DIGEST}`, ["getBlob", "getBlob blobs/uploads", DIGEST]],
    ["GET", `/v2/blobs/blobs/${DIGEST}`, ["getBlob", "getBlob blobs", DIGEST]],
    ["POST", "/v2/a/blobs/uploads/blobs/uploads/", ["startUpload", "startUpload a/blobs/uploads"]],
    ["PATCH", `/v2/uploads/blobs/uploads/${UUID}`, ["patchUpload", "patchUpload uploads"]],
    ["GET", "/v2/tags/list/tags/list", ["listTags", "listTags tags/list"]],
    ["GET", `/v2/referrers/x/referrers/${DIGEST}`, ["listReferrers", "listReferrers referrers/x", DIGEST]],
  ])("%s %s", async (method, path, call) => {
    expect(await route(method, path)).toEqual(call);
  });
});

describe("what is refused", () => {
  test.each([
    ["a name that is none", "GET", "/v2/A/manifests/latest", ["getManifest", "NAME_INVALID", 400]],
    ["an empty component", "GET", "/v2/a//b/manifests/latest", ["getManifest", "NAME_INVALID", 400]],
    ["a tag that is none", "GET", "/v2/a/manifests/-x", ["getManifest", "TAG_INVALID", 400]],
    ["a digest that is none", "GET", "/v2/a/manifests/md5:x", ["getManifest", "DIGEST_INVALID", 400]],
    ["a blob that is no digest", "GET", "/v2/a/blobs/latest", ["getBlob", "DIGEST_INVALID", 400]],
    ["broken percent-encoding", "GET", "/v2/a/manifests/%zz", ["getManifest", "NAME_INVALID", 400]],
    ["an encoded slash in a name", "GET", "/v2/..%2Fa/manifests/x", ["getManifest", "NAME_INVALID", 400]],
    ["a session's path without a name", "PATCH", `/v2/blobs/uploads/${UUID}`, ["ping", "UNSUPPORTED", 404]],
    ["a path that is no call's", "GET", "/v2/a/b", ["ping", "UNSUPPORTED", 404]],
    ["another version", "GET", "/v1/", 404],
    ["a method that the path has not", "POST", "/v2/a/manifests/x", ["ping", "UNSUPPORTED", 405]],
    ["a method that the ping has not", "DELETE", "/v2/", ["ping", "UNSUPPORTED", 405]],
    ["a method that tags have not", "PUT", "/v2/a/tags/list", ["ping", "UNSUPPORTED", 405]],
  ])("%s", async (_, method, path, call) => {
    expect(await route(method, path)).toEqual(call);
  });
});

test.each([
  ["/v2/a/tags/list", "GET, HEAD, OPTIONS"],
  ["/v2/a/manifests/latest", "GET, HEAD, PUT, DELETE, OPTIONS"],
  ["/v2/a/blobs/uploads/", "POST, OPTIONS"],
])("a method that %s has not is told which it has", async (path, methods) => {
  const refused = routeOf(dependencies, "TRACE", path)?.handle({} as OciRequest);
  await expect(refused).rejects.toMatchObject({ status: 405, headers: { Allow: methods } });
});

test("a reference may come percent-encoded", async () => {
  const path = `/v2/a/blobs/${DIGEST.replace(":", "%3A")}`;
  expect(await route("GET", path)).toEqual(["getBlob", "getBlob a", DIGEST]);
});

test("the fast lane understands every path as the router does, or leaves it to it", async () => {
  const words = [
    "a",
    "manifests",
    "blobs",
    "uploads",
    "tags",
    "list",
    "referrers",
    "_catalog",
    "latest",
    "A",
    "",
  ];
  const word = fc.constantFrom(...words, DIGEST, UUID, "%61", "md5:x", "a.b", "..");
  const some = fc.array(word, { maxLength: 4 });
  const kind = fc.constantFrom("manifests", "blobs");
  const segments = fc.oneof(
    some,
    fc.tuple(some, kind, word).map(([name, ...rest]) => [...name, ...rest]),
  );
  const path = segments.map((parts) => `/v2/${parts.join("/")}`);
  const query = fc.constantFrom("", "?", "?tag=x", "?a=/manifests/b");
  let taken = 0;
  await fc.assert(
    fc.asyncProperty(path, query, async (way, search) => {
      const fast = await send(port, { path: way + search, headers: { "X-Lane": "fast" } });
      if (fast.status === 404) return;
      taken++;
      expect(JSON.parse(fast.body)).toEqual(await route("GET", way + search));
    }),
    { numRuns: 600 },
  );
  expect(taken).toBeGreaterThan(30);
});

test("the fast lane takes what it is for", async () => {
  for (const path of ["/v2/a/manifests/latest", `/v2/blobs/uploads/blobs/${DIGEST}`]) {
    expect((await send(port, { path, headers: { "X-Lane": "fast" } })).status).toBe(200);
    expect((await send(port, { path, headers: { "X-Lane": "fast" }, method: "PUT" })).status).toBe(404);
  }
});
