import { RegistryError } from "./errors.ts";
import type { ByteRange } from "./ports/blob-storage.ts";

/** Ranges of one answer: as many as clients of partial pulls can do with (containers/storage asks for no fewer). */
export const RANGES_MAX = 64;

/**
 * Reads a `Range` header (RFC 9110 section 14) against an object of `size` bytes: what to send, in the order in which it
 * was asked for, ranges that overlap or touch as one. A range outside of the object among others counts for nothing.
 * Undefined means the whole object: no header, another unit, text that is no range at all, or more than
 * {@link RANGES_MAX} ranges.
 * @throws RegistryError RANGE_INVALID, knowing the size, when no range lies within the object,
 *   also for a last position before the first
 */
export function parseByteRanges(
  header: string | undefined,
  size: number,
): readonly [ByteRange, ...ByteRange[]] | undefined {
  const list = /^bytes=([\d\-, \t]+)$/i.exec(header ?? "")?.[1];
  if (list === undefined) return undefined;
  const wanted: ByteRange[] = [];
  let isRange = false;
  for (const spec of list.split(",")) {
    // A list may have empty elements (RFC 9110 section 5.6.1).
    if (spec.trim() === "") continue;
    const match = SPEC.exec(spec);
    if (match === null) return undefined;
    isRange = true;
    const range = rangeOf(match[1] ?? "", match[2] ?? "", size);
    if (range !== undefined) wanted.push(range);
  }
  if (!isRange) return undefined;
  const [first, ...more] = coalesce(wanted);
  if (first === undefined) throw notWithin(header, size);
  return more.length < RANGES_MAX ? [first, ...more] : undefined;
}

const SPEC = /^[ \t]*(?!-[ \t]*$)(\d*)-(\d*)[ \t]*$/;

function rangeOf(first: string, last: string, size: number): ByteRange | undefined {
  return first === "" ? suffix(Number(last), size) : span(Number(first), last, size);
}

function suffix(length: number, size: number): ByteRange | undefined {
  if (length === 0 || size === 0) return undefined;
  return { start: Math.max(0, size - length), end: size - 1 };
}

function span(start: number, last: string, size: number): ByteRange | undefined {
  const end = last === "" ? size - 1 : Math.min(Number(last), size - 1);
  return start <= end ? { start, end } : undefined;
}

/** Joins ranges that overlap or touch, at the place of the first of them that was asked for. */
function coalesce(ranges: readonly ByteRange[]): readonly ByteRange[] {
  if (ranges.length < 2) return ranges;
  const joined: (ByteRange & { readonly place: number })[] = [];
  const placed = ranges.map((range, place) => ({ ...range, place }));
  for (const range of placed.sort((a, b) => a.start - b.start)) {
    const before = joined.at(-1);
    if (before === undefined || range.start > before.end + 1) joined.push(range);
    else {
      const end = Math.max(before.end, range.end);
      joined[joined.length - 1] = { start: before.start, end, place: Math.min(before.place, range.place) };
    }
  }
  return joined.sort((a, b) => a.place - b.place).map(({ start, end }) => ({ start, end }));
}

function notWithin(header: string | undefined, size: number): RegistryError {
  const shown = header === undefined || header.length < 500 ? header : `${header.slice(0, 500)}…`;
  return new RegistryError(
    "RANGE_INVALID",
    `the range ${shown} does not lie within the ${size} bytes of the blob`,
    {
      facts: { blobSize: size },
    },
  );
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
