import type { ChunkRange } from "../byte-range.ts";
import { RegistryError } from "../errors.ts";
import type { RegistryPorts, UploadAddress } from "../ports/index.ts";
import { beginAttempt } from "./append.ts";
import type { Attempt } from "./attempt.ts";
import { findSession } from "./find-session.ts";
import { fingerprint, PARTS_MAX, piecesOf, withPart } from "./parts.ts";
import { wrongOffset } from "./upload-errors.ts";

/** A part of a layer, of which all bytes are there. */
export interface Part {
  readonly address: UploadAddress;
  readonly range: ChunkRange;
  /** Nobody changes them. */
  readonly bytes: Buffer;
}

/**
 * Adds a part to a session, in order. Durable when it resolves. The last part that was accepted may come again, for the
 * answer to it may have been lost.
 * Two parts for one range may meet, and a part and what completes the session: the later one wins. The other sees
 * RANGE_INVALID with the true size, unless what won was the same part, or that the session is gone.
 * @throws RegistryError NAME_UNKNOWN, BLOB_UPLOAD_UNKNOWN, RANGE_INVALID, UPLOAD_PARTS_TOO_MANY, BLOB_TOO_LARGE
 */
export async function appendPart(ports: RegistryPorts, part: Part): Promise<void> {
  const { address, range, bytes } = part;
  if (bytes.length !== range.end - range.start + 1) {
    const { size } = await findSession(ports, address);
    throw wrongOffset(address, size, `the part ${range.start}-${range.end} came with ${bytes.length} bytes`);
  }
  const last = { start: range.start, end: range.end, sha256: await fingerprint(bytes) };
  try {
    await append(ports, part, last);
  } catch (error) {
    const isOutOfOrder = error instanceof RegistryError && error.reason === "RANGE_INVALID";
    if (!isOutOfOrder || !(await wasAccepted(ports, address, last))) throw error;
  }
}

async function append(
  ports: RegistryPorts,
  { address, range, bytes }: Part,
  last: Parameters<typeof withPart>[2],
): Promise<void> {
  const attempt = await beginAttempt(ports, address, range);
  try {
    const { size, parts } = attempt.begun;
    if (parts !== undefined && parts.count >= PARTS_MAX) throw await tooMany(attempt);
    const received = await attempt.receive({ chunks: piecesOf(bytes), length: bytes.length });
    await attempt.confirm(received, await attempt.finish(), withPart(parts, size, last));
  } finally {
    attempt.release();
  }
}

async function tooMany(attempt: Attempt): Promise<RegistryError> {
  await attempt.giveUp();
  return new RegistryError("UPLOAD_PARTS_TOO_MANY", `an upload has at most ${PARTS_MAX} parts`);
}

/** Whether a part is the last thing that the session has got. */
async function wasAccepted(
  ports: RegistryPorts,
  address: UploadAddress,
  { start, end, sha256 }: Parameters<typeof withPart>[2],
): Promise<boolean> {
  const { size, parts } = await findSession(ports, address);
  const last = parts?.last;
  return size === end + 1 && last?.start === start && last.end === end && last.sha256 === sha256;
}
