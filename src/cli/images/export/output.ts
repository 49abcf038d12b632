import { randomBytes } from "node:crypto";
import { type FileHandle, open, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { Writable } from "node:stream";
import { finished } from "node:stream/promises";
import { ImageError, quote } from "../errors.ts";
import { CHUNK } from "../limits.ts";

/**
 * Lets `write` fill a file that appears under its name only when it is whole and on disk. A failure leaves nothing
 * behind, and a file that was there as it was.
 */
export async function writeWhole(path: string, write: (out: Writable) => Promise<void>): Promise<void> {
  await refuseSpecial(path);
  const partial = `${path}.partial-${randomBytes(6).toString("hex")}`;
  const file = await open(partial, "wx").catch((error: Error) => {
    throw new ImageError(`cannot write ${quote(path)}: ${error.message}`, { cause: error });
  });
  try {
    await fill(file, write);
    await rename(partial, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

async function fill(file: FileHandle, write: (out: Writable) => Promise<void>): Promise<void> {
  const out = new Writable({
    highWaterMark: 4 * CHUNK,
    write: (chunk: Buffer, _encoding, done) => {
      file.writeFile(chunk).then(() => done(), done);
    },
  });
  try {
    await write(out);
    out.end();
    await finished(out);
    await file.sync();
  } finally {
    out.destroy();
    // Waits for a write that is still under way.
    await file.close();
  }
}

/** A rename would replace a device or a named pipe instead of writing to it. */
async function refuseSpecial(path: string): Promise<void> {
  const facts = await stat(path).catch(() => undefined);
  if (facts !== undefined && !facts.isFile()) {
    const what = facts.isDirectory() ? "a directory" : "no ordinary file; `-` writes to stdout";
    throw new ImageError(`${quote(path)} is ${what}`);
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
