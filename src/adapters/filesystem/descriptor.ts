import { close, fdatasync, fstat, fsync, ftruncate, open, read, writev } from "node:fs";
import { promisify } from "node:util";

/** Calls on raw descriptors: on hot paths they cost less than a `FileHandle`. */
export const fd = {
  open: promisify(open),
  close: promisify(close),
  read: promisify(read),
  fstat: promisify(fstat),
  fsync: promisify(fsync),
  fdatasync: promisify(fdatasync),
  ftruncate: promisify(ftruncate),
  writev: promisify(writev),
};

/** For a descriptor whose bytes matter no more. */
export function closeQuietly(descriptor: number): void {
  close(descriptor, () => undefined);
}

/** Writes all of `chunks` at `position`. A full disk shows as the errno of the write that could not go on. */
export async function writeAll(descriptor: number, chunks: Buffer[], position: number): Promise<void> {
  let rest = chunks;
  let at = position;
  while (rest.length > 0) {
    const { bytesWritten } = await fd.writev(descriptor, rest, at);
    at += bytesWritten;
    rest = after(rest, bytesWritten);
  }
}

function after(chunks: Buffer[], bytes: number): Buffer[] {
  let skip = bytes;
  for (const [index, chunk] of chunks.entries()) {
    if (skip < chunk.length) return [chunk.subarray(skip), ...chunks.slice(index + 1)];
    skip -= chunk.length;
  }
  return [];
}

/** Fills `target` from `position`, or as much of it as the file has; returns the bytes read. */
export async function readFully(descriptor: number, target: Buffer, position: number): Promise<number> {
  let filled = 0;
  while (filled < target.length) {
    const { bytesRead } = await fd.read(
      descriptor,
      target,
      filled,
      target.length - filled,
      position + filled,
    );
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return filled;
}

/** Makes the entries of a directory survive a power cut. */
export async function syncDirectory(path: string): Promise<void> {
  const descriptor = await fd.open(path, "r");
  try {
    await fd.fsync(descriptor);
  } finally {
    await fd.close(descriptor);
  }
}

export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}
