import { RegistryError } from "./errors.ts";
import type { ByteRange } from "./ports/blob-storage.ts";

/**
 * Reads a `Range` header (RFC 9110 section 14) against an object of `size` bytes.
 * Undefined means the whole object: no header, another unit, several ranges, or text that is no range at all.
 * @throws RegistryError RANGE_INVALID (416) with `Content-Range` naming the size, also for a last position before the first
 */
export function parseByteRange(header: string | undefined, size: number): ByteRange | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header?.replaceAll(" ", "") ?? "");
  if (match === null) return undefined;
  const [, first = "", last = ""] = match;
  if (first === "" && last === "") return undefined;
  const range = first === "" ? suffix(Number(last), size) : span(Number(first), last, size);
  if (range === undefined) {
    throw new RegistryError(
      "RANGE_INVALID",
      `the range ${header} does not lie within the ${size} bytes of the blob`,
      {
        headers: { "Content-Range": `bytes */${size}` },
      },
    );
  }
  return range;
}

function suffix(length: number, size: number): ByteRange | undefined {
  if (length === 0 || size === 0) return undefined;
  return { start: Math.max(0, size - length), end: size - 1 };
}

function span(start: number, last: string, size: number): ByteRange | undefined {
  const end = last === "" ? size - 1 : Math.min(Number(last), size - 1);
  return start <= end ? { start, end } : undefined;
}

/** The inclusive positions of one chunk of an upload. */
export interface ChunkRange {
  readonly start: number;
  readonly end: number;
}

/**
 * Reads the `Content-Range` of a chunk: `start-end` (distribution-spec "Pushing a blob in chunks"), with `bytes ` before
 * and `/total` after it tolerated. @throws RegistryError BLOB_UPLOAD_INVALID when it is neither
 */
export function parseChunkRange(header: string | undefined): ChunkRange | undefined {
  if (header === undefined) return undefined;
  const match = /^(?:bytes[ =])?(\d{1,15})-(\d{1,15})(?:\/(?:\d+|\*))?$/.exec(header.trim());
  const start = Number(match?.[1]);
  const end = Number(match?.[2]);
  if (match === null || end < start) {
    throw new RegistryError(
      "BLOB_UPLOAD_INVALID",
      `Content-Range must be start-end, not ${JSON.stringify(header.slice(0, 80))}`,
    );
  }
  return { start, end };
}
