import { appendFileSync, fstatSync, readdirSync, readlinkSync } from "node:fs";
import { relative } from "node:path";
import { fd } from "../../../src/adapters/filesystem/descriptor.ts";
import type { SyncEvent } from "./durable-files.ts";
import type { Steps } from "./steps.ts";

/**
 * Makes every call of the filesystem adapter that changes something below `root` a step before and a step after, and
 * notes in the file `trace`, as it happens, what a power cut from then on would leave.
 */
export function stepThroughDescriptors(root: string, trace: string, steps: Steps): void {
  const { open, writev, fsync, fdatasync, ftruncate } = fd;
  const note = (event: SyncEvent): void => appendFileSync(trace, `${JSON.stringify(event)}\n`);
  const placeOf = (descriptor: number): string => relative(root, readlinkSync(`/proc/self/fd/${descriptor}`));
  const step = <T>(name: string, call: () => Promise<T>): Promise<T> =>
    steps.around(`file ${name} ${steps.attempt}`, call);
  const patched = {
    // A number: flags that create. Opening what is there changes nothing.
    open: (path: string, flags: string | number, mode?: number) =>
      typeof flags === "number" ? step("open", () => open(path, flags, mode)) : open(path, flags, mode),
    writev: (descriptor: number, chunks: Buffer[], position: number) =>
      step("write", () => writev(descriptor, chunks, position)),
    ftruncate: (descriptor: number, size: number) =>
      step("truncate", async () => {
        note({ kind: "truncated", file: placeOf(descriptor), size });
        await ftruncate(descriptor, size);
      }),
    // Only what was there when the call began is sure to be on the disk when it ends.
    fdatasync: (descriptor: number) =>
      step("fdatasync", async () => {
        const event = {
          kind: "synced",
          file: placeOf(descriptor),
          size: fstatSync(descriptor).size,
        } as const;
        await fdatasync(descriptor);
        note(event);
      }),
    fsync: (descriptor: number) =>
      step("fsync", async () => {
        const folder = placeOf(descriptor);
        const path = readlinkSync(`/proc/self/fd/${descriptor}`);
        const isFolder = fstatSync(descriptor).isDirectory();
        const names = isFolder ? readdirSync(path) : [];
        await fsync(descriptor);
        if (isFolder) note({ kind: "listed", folder, names });
      }),
  };
  Object.assign(fd, patched);
}
