import { confirmBlob, deleteBlob, findBlob } from "../../registry/blobs.ts";
import { parseByteRanges } from "../../registry/byte-range.ts";
import { parseDigest } from "../../registry/digest.ts";
import { parseRepositoryName } from "../../registry/names.ts";
import type { BlobStorage, ByteRange, StoredBlob } from "../../registry/ports/index.ts";
import { ASK_EACH_TIME } from "../browser-headers.ts";
import { etagMatches } from "../entity-tags.ts";
import { empty, type Outcome } from "../outcome.ts";
import { BLOB_TYPE, lengthOf, openMultipart } from "./byte-ranges.ts";
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
  const blob = await (isHead ? confirmBlob : findBlob)(ports, request.scope, name, digest);
  const etag = `"${digest}"`;
  if (etagMatches(header(request, "if-none-match"), digest)) {
    return empty(304, { "Docker-Content-Digest": digest, ETag: etag, ...ASK_EACH_TIME });
  }
  const headers = { "Docker-Content-Digest": digest, ETag: etag, ...ASK_EACH_TIME, "Accept-Ranges": "bytes" };
  const whole = { "Content-Type": BLOB_TYPE, "Content-Length": blob.size, ...headers };
  // A range is for GET alone (RFC 9110 section 14.2).
  if (isHead) return { status: 200, headers: whole };
  const ranges = parseByteRanges(rangeHeader(request, etag), blob.size);
  const redirect = await redirectTo(ports.storage, blob);
  if (redirect !== undefined) return redirect;
  if (ranges === undefined)
    return { status: 200, headers: whole, body: await ports.storage.read(blob.key, blob.size) };
  return partOf(ports.storage, blob, ranges, headers);
}

async function partOf(
  storage: BlobStorage,
  blob: StoredBlob,
  ranges: readonly [ByteRange, ...ByteRange[]],
  headers: Outcome["headers"],
): Promise<Outcome> {
  if (ranges.length > 1) {
    const { contentType, body } = await openMultipart(storage, blob, ranges);
    const described = { "Content-Type": contentType, "Content-Length": body.size };
    return { status: 206, headers: { ...described, ...headers }, body };
  }
  const [range] = ranges;
  const described = {
    "Content-Type": BLOB_TYPE,
    "Content-Length": lengthOf(range),
    "Content-Range": `bytes ${range.start}-${range.end}/${blob.size}`,
  };
  const body = await storage.read(blob.key, blob.size, range);
  return { status: 206, headers: { ...described, ...headers }, body };
}

/** `Range` counts only while `If-Range`, when given, still names this entity (RFC 9110 section 13.1.5). */
function rangeHeader(request: OciRequest, etag: string): string | undefined {
  const ifRange = header(request, "if-range");
  return ifRange === undefined || ifRange === etag ? header(request, "range") : undefined;
}

async function redirectTo(storage: BlobStorage, blob: StoredBlob): Promise<Outcome | undefined> {
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
