import { setImmediate } from "node:timers/promises";
import { newHash } from "../digest.ts";
import type { UploadParts } from "../ports/index.ts";

/** Bytes of a part that another one follows, at least; those of a layer's last part are as many as are left. */
export const PART_MIN = 5 * 1024 * 1024;
/** Parts of one upload. */
export const PARTS_MAX = 4_200;
/** Bytes of a part as clients are asked to make them. */
export const PART_SIZE = 10 * 1024 * 1024;

/** Bytes that are worked on before others get their turn. */
const PIECE = 512 * 1024;

/** The bytes of a part as a body whose reader keeps nobody else waiting. */
export async function* piecesOf(bytes: Buffer): AsyncIterable<Buffer> {
  for (let at = 0; at < bytes.length; at += PIECE) {
    yield bytes.subarray(at, at + PIECE);
    await setImmediate();
  }
}

/** SHA-256 in hex, taken in turns. */
export async function fingerprint(bytes: Buffer): Promise<string> {
  const hash = newHash("sha256");
  for await (const piece of piecesOf(bytes)) hash.update(piece);
  return hash.digest("hex");
}

/** What is known of parts after one more. `size`: bytes that the session had before it. */
export function withPart(
  before: UploadParts | undefined,
  size: number,
  last: UploadParts["last"],
): UploadParts {
  if (before === undefined) return { count: 1, hasSmall: false, last };
  // Bytes that came otherwise behind the last part are no part: they may be as few as they like.
  const isFollowed = before.last.end + 1 === size;
  const isSmall = isFollowed && before.last.end - before.last.start + 1 < PART_MIN;
  return { count: before.count + 1, hasSmall: before.hasSmall || isSmall, last };
}
