import { deleteBlob, findBlob } from "../../registry/blobs.ts";
import { parseByteRange } from "../../registry/byte-range.ts";
import { parseDigest } from "../../registry/digest.ts";
import { parseRepositoryName } from "../../registry/names.ts";
import type { StoredBlob } from "../../registry/ports/index.ts";
import { ASK_EACH_TIME } from "../browser-headers.ts";
import { etagMatches } from "../entity-tags.ts";
import { empty, type Outcome } from "../outcome.ts";
import { header, type OciDependencies, type OciRequest } from "./request.ts";

/** Seconds for which a redirected download's URL is valid; object deletion waits longer. */
export const PRESIGN_SECONDS = 20 * 60;

/** GET and HEAD (distribution-spec end-2), with ranges. */
export async function getBlob(
  { ports }: OciDependencies,
  request: OciRequest,
  [nameText = "", digestText = ""]: readonly string[],
): Promise<Outcome> {
  const name = parseRepositoryName(nameText);
  const digest = parseDigest(digestText);
  const isHead = request.incoming.method === "HEAD";
  await request.authorize(isHead ? "headBlob" : "getBlob", name);
  const blob = await findBlob(ports, request.scope, name, digest);
  const etag = `"${digest}"`;
  if (etagMatches(header(request, "if-none-match"), digest)) {
    return empty(304, { "Docker-Content-Digest": digest, ETag: etag, ...ASK_EACH_TIME });
  }
  // A range is for GET alone (RFC 9110 section 14.2).
  const range = isHead ? undefined : parseByteRange(rangeHeader(request, etag), blob.size);
  const size = range === undefined ? blob.size : range.end - range.start + 1;
  const headers = {
    "Content-Type": "application/octet-stream",
    "Content-Length": size,
    "Docker-Content-Digest": digest,
    ETag: etag,
    ...ASK_EACH_TIME,
    "Accept-Ranges": "bytes",
    ...(range === undefined ? {} : { "Content-Range": `bytes ${range.start}-${range.end}/${blob.size}` }),
  };
  const status = range === undefined ? 200 : 206;
  if (isHead) return { status, headers };
  const redirect = await redirectTo(ports.storage, blob);
  if (redirect !== undefined) return redirect;
  return { status, headers, body: await ports.storage.read(blob.key, blob.size, range) };
}

/** `Range` counts only while `If-Range`, when given, still names this entity (RFC 9110 section 13.1.5). */
function rangeHeader(request: OciRequest, etag: string): string | undefined {
  const ifRange = header(request, "if-range");
  return ifRange === undefined || ifRange === etag ? header(request, "range") : undefined;
}

async function redirectTo(
  storage: OciDependencies["ports"]["storage"],
  blob: StoredBlob,
): Promise<Outcome | undefined> {
  const url = await storage.presign(blob.key, PRESIGN_SECONDS);
  return url === undefined ? undefined : empty(307, { Location: url, "Cache-Control": "no-store" });
}

/** DELETE (end-10). */
export async function removeBlob(
  { ports }: OciDependencies,
  request: OciRequest,
  [nameText = "", digestText = ""]: readonly string[],
): Promise<Outcome> {
  const name = parseRepositoryName(nameText);
  const digest = parseDigest(digestText);
  await request.authorize("deleteBlob", name);
  await deleteBlob(ports, request.scope, name, digest, request.causeOf("deleteBlob", name));
  return empty(202);
}
