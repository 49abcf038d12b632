import { constants } from "node:fs";
import { copyFile } from "node:fs/promises";
import { ObjectMissingError } from "../../registry/ports/blob-storage.ts";
import { errnoOf, fd, readFully, writeAll } from "./descriptor.ts";
import type { Layout } from "./layout.ts";

const { COPYFILE_EXCL, COPYFILE_FICLONE } = constants;
const COPY_BUFFER = 1024 * 1024;

/** Opens the file of a session to append after its first `size` bytes; what an attempt that failed left there goes. */
export async function openToAppend(layout: Layout, key: string, size: number): Promise<number> {
  const file = await openExisting(layout, key, "r+");
  try {
    const found = (await fd.fstat(file)).size;
    if (found < size) throw new Error(`object ${key} has ${found} bytes, ${size} were confirmed`);
    if (found > size) await fd.ftruncate(file, size);
    return file;
  } catch (error) {
    await fd.close(file);
    throw error;
  }
}

/**
 * Makes a file of its own out of the first `size` bytes of `from`, which another writer may still be extending, and
 * opens it. Where the file system can share blocks nothing is copied.
 */
export async function copyPrefix(layout: Layout, from: string, size: number, to: string): Promise<number> {
  const source = await openExisting(layout, from, "r");
  try {
    const found = (await fd.fstat(source)).size;
    if (found < size) throw new Error(`object ${from} has ${found} bytes, ${size} were confirmed`);
    return found === size
      ? await copyWhole(layout, from, size, to)
      : await copyBytes(layout, source, size, to);
  } finally {
    await fd.close(source);
  }
}

async function copyWhole(layout: Layout, from: string, size: number, to: string): Promise<number> {
  await layout.prepareFolder(to);
  await copyFile(layout.pathOf(from), layout.pathOf(to), COPYFILE_EXCL | COPYFILE_FICLONE);
  return await openToAppend(layout, to, size);
}

async function copyBytes(layout: Layout, source: number, size: number, to: string): Promise<number> {
  const target = await layout.create(to);
  try {
    const buffer = Buffer.allocUnsafeSlow(Math.min(COPY_BUFFER, size));
    for (let at = 0; at < size; ) {
      const read = await readFully(source, buffer.subarray(0, Math.min(buffer.length, size - at)), at);
      if (read === 0) throw new Error(`the file to copy ended after ${at} of ${size} bytes`);
      await writeAll(target, [buffer.subarray(0, read)], at);
      at += read;
    }
    return target;
  } catch (error) {
    await fd.close(target);
    throw error;
  }
}

/** @throws ObjectMissingError */
export async function openExisting(layout: Layout, key: string, flags: "r" | "r+"): Promise<number> {
  try {
    return await fd.open(layout.pathOf(key), flags);
  } catch (error) {
    throw errnoOf(error) === "ENOENT" ? new ObjectMissingError(key) : error;
  }
}
