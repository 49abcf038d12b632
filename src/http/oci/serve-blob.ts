import type { IncomingMessage } from "node:http";
import { parseByteRanges } from "../../registry/byte-range.ts";
import type { BlobStorage, ByteRange, StoredBlob } from "../../registry/ports/index.ts";
import { ASK_EACH_TIME } from "../browser-headers.ts";
import { etagMatches } from "../entity-tags.ts";
import { empty, type Outcome } from "../outcome.ts";
import { BLOB_TYPE, lengthOf, openMultipart } from "./byte-ranges.ts";

/** Seconds for which the URL of a download is valid; object deletion waits longer. */
export const PRESIGN_SECONDS = 20 * 60;

/** The answer to a GET or HEAD of a blob, which the sender may have: with ranges, or a redirect to where its bytes are. */
export async function serveBlob(
  storage: BlobStorage,
  { method, headers: sent }: IncomingMessage,
  blob: StoredBlob,
): Promise<Outcome> {
  const { digest, size } = blob;
  const etag = `"${digest}"`;
  if (etagMatches(sent["if-none-match"], digest)) {
    return empty(304, { "Docker-Content-Digest": digest, ETag: etag, ...ASK_EACH_TIME });
  }
  const headers = { "Docker-Content-Digest": digest, ETag: etag, ...ASK_EACH_TIME, "Accept-Ranges": "bytes" };
  const whole = { "Content-Type": BLOB_TYPE, "Content-Length": size, ...headers };
  // A range is for GET alone (RFC 9110 section 14.2).
  if (method === "HEAD") return { status: 200, headers: whole };
  const ranges = parseByteRanges(rangeHeader(sent, etag), size);
  const redirect = await redirectTo(storage, blob);
  if (redirect !== undefined) return redirect;
  if (ranges === undefined) return { status: 200, headers: whole, body: await storage.read(blob.key, size) };
  return partOf(storage, blob, ranges, headers);
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
function rangeHeader(sent: IncomingMessage["headers"], etag: string): string | undefined {
  const ifRange = single(sent["if-range"]);
  return ifRange === undefined || ifRange === etag ? sent.range : undefined;
}

function single(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === "string" ? value : value?.[0];
}

async function redirectTo(storage: BlobStorage, blob: StoredBlob): Promise<Outcome | undefined> {
  const url = await storage.presign(blob.key, PRESIGN_SECONDS);
  return url === undefined ? undefined : empty(307, { Location: url, "Cache-Control": "no-store" });
}
